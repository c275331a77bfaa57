using Engine.Workers;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Tasks;

/// <summary>Whether something keeps tasks from being done as fast as they could be. Never a reason to stop serving.</summary>
public sealed class TasksHealth(KeepQueueDepth depth, ReadEngineMode readMode) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var mode = await readMode.RunAsync(cancellationToken);
        var doing = mode.Mode == EngineMode.Running ? "tasks are taken" : $"the engines are {mode.Mode} since {mode.ChangedAt:yyyy-MM-dd HH:mm:ss} UTC";
        if (depth.Last is not { } last) return HealthCheckResult.Healthy($"{doing}; not counted yet");
        if (last.SnapshotAge > KeepQueueDepth.LongSnapshot)
            return HealthCheckResult.Degraded(FormattableString.Invariant($"{doing}; a transaction has been open for {last.SnapshotAge.TotalSeconds:0} s and keeps the tables from being cleared up"));
        var standing = last.Breakers.Where(b => b.State != "closed").Select(b => b.Kind).ToArray();
        return standing.Length > 0
            ? HealthCheckResult.Degraded($"{doing}; {standing.Length} kinds stand still because they failed too often: {string.Join(", ", standing.Take(10))}")
            : HealthCheckResult.Healthy(FormattableString.Invariant($"{doing}; {last.States[TaskState.Pending]} pending, {last.States[TaskState.Running]} running{Unseen(last)}"));
    }

    static string Unseen(QueueDepth last) => last.BlindOwner is null ? "" : $"; what other logins keep open is not seen: {SchemaOwner.GrantTo(last.BlindOwner)}";
}
