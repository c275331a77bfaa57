using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Schedules;

/// <summary>Whether schedules fire: the scheduler runs, its rows were looked at lately, and the cluster knows that this node lives.</summary>
public sealed class SchedulesHealth(KeepSchedules keep, TimeProvider time) : IHealthCheck
{
    static readonly TimeSpan TooOld = TimeSpan.FromSeconds(40);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (keep.LastSeen is not { } seen) return Task.FromResult(HealthCheckResult.Unhealthy("the scheduler has not started yet"));
        var now = time.GetUtcNow();
        if (now - seen.At > TooOld) return Task.FromResult(HealthCheckResult.Unhealthy($"schedules were last looked at {Seconds(now - seen.At)} ago"));
        if (seen.CheckedInAt is not { } checkedIn || seen.At - checkedIn > TooOld)
            return Task.FromResult(HealthCheckResult.Degraded("this node does not check in with the cluster"));
        return Task.FromResult(HealthCheckResult.Healthy($"the scheduler runs, checked in {Seconds(now - checkedIn)} ago"));
    }

    static string Seconds(TimeSpan span) => FormattableString.Invariant($"{Math.Max(0, span.TotalSeconds):0} s");
}
