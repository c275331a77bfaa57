using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Audit;

/// <summary>Whether recorded entries reach the chain in time: until then a superuser could change them unseen. Never a reason to stop work.</summary>
public sealed class AuditHealth(ChainAudit chain) : IHealthCheck
{
    static readonly TimeSpan TooLong = TimeSpan.FromMinutes(1);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (unchained, sincePass) = chain.Lag;
        return Task.FromResult(
            sincePass > TooLong ? HealthCheckResult.Degraded(FormattableString.Invariant($"nothing was chained for {sincePass.TotalSeconds:0} s"))
            : unchained > TooLong ? HealthCheckResult.Degraded(FormattableString.Invariant($"the oldest entry waits for its link since {unchained.TotalSeconds:0} s"))
            : HealthCheckResult.Healthy("entries are chained in time"));
    }
}
