using Microsoft.Extensions.Diagnostics.HealthChecks;
using Routing.Performance;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>Whether a provider refuses our key or our money, and whether answers are made up. Never a reason to stop serving: others are called.</summary>
public sealed class RoutingHealth(RouteHealth health, ProviderKeys providers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (isOut, standing) = (health.Out(), health.Standing().Count);
        var emulated = EmulatedAnswers.Told(providers.All.Select(a => a.Provider));
        var refused = isOut.Count > 0 ? $"out, a person should look: {string.Join(", ", isOut.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key} ({o.Value})"))}" : null;
        return Task.FromResult(refused is not null || emulated is not null
            ? HealthCheckResult.Degraded(string.Join("; ", new[] { refused, emulated }.Where(told => told is not null)))
            : HealthCheckResult.Healthy(standing == 0 ? "all models may be called" : FormattableString.Invariant($"{standing} models or providers stand still for a while")));
    }
}
