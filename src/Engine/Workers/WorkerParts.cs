using Engine.Database;
using Engine.Tasks;

namespace Engine.Workers;

/// <summary>What all incarnations of this process's worker share.</summary>
public sealed class WorkerParts(WorkersSettings settings, TasksSettings tasks, TaskKinds kinds, TaskLanes lanes, ReservedConnections connections,
    EndAttempts endAttempts, ReconcileClaims reconcile, AttemptRecords records, ClaimLimits limits, WorkerMetrics metrics, TimeProvider time, ILogger<Worker> log)
{
    public WorkersSettings Settings => settings;
    public TasksSettings Tasks => tasks;
    public TaskKinds Kinds => kinds;
    public TaskLanes Lanes => lanes;
    public ReservedConnections Connections => connections;
    public EndAttempts EndAttempts => endAttempts;
    public ReconcileClaims Reconcile => reconcile;
    public AttemptRecords Records => records;
    public ClaimLimits Limits => limits;
    public WorkerMetrics Metrics => metrics;
    public TimeProvider Time => time;
    public ILogger Log => log;

    public Abilities Abilities { get; } = new(kinds.All.Select(k => k.Name).ToHashSet(StringComparer.Ordinal), settings.Proficiency());

    /// <summary>The worker's mean run time as a multiple of the other workers' median; null when it is not known.</summary>
    public double? Slowness { get; set; }
}
