using Microsoft.Extensions.Diagnostics.HealthChecks;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>Whether a provider refuses our key or our money. Never a reason to stop serving: others are called.</summary>
public sealed class RoutingHealth(RouteHealth health) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (isOut, standing) = (health.Out(), health.Standing().Count);
        return Task.FromResult(isOut.Count > 0
            ? HealthCheckResult.Degraded($"out, a person should look: {string.Join(", ", isOut.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key} ({o.Value})"))}")
            : HealthCheckResult.Healthy(standing == 0 ? "all models may be called" : FormattableString.Invariant($"{standing} models or providers stand still for a while")));
    }
}
