using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Workers;

/// <summary>Whether somebody looks after tasks in this process: dead workers, what is due, gates.</summary>
public sealed class WorkersHealth(KeepTasks keep, RunWorkers workers, WorkersSettings settings, TimeProvider time) : IHealthCheck
{
    static readonly TimeSpan TooOld = TimeSpan.FromSeconds(15);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var age = keep.LastGood == 0 ? (TimeSpan?)null : time.GetElapsedTime(keep.LastGood);
        return Task.FromResult(
            age is null ? HealthCheckResult.Degraded("tasks have not been looked after yet")
            : age > TooOld ? HealthCheckResult.Degraded(FormattableString.Invariant($"tasks were last looked after {age.Value.TotalSeconds:0} s ago"))
            : settings.Slots == 0 ? HealthCheckResult.Healthy("this engine runs no tasks (Engine:Workers:Slots is 0)")
            : workers.WorkerId is { } worker ? HealthCheckResult.Healthy($"worker {worker} takes tasks, {settings.Slots} at a time")
            : HealthCheckResult.Degraded("the worker is being entered anew"));
    }
}
