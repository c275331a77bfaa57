using Engine.Workers;
using NpgsqlTypes;

namespace Engine.Tasks;

/// <summary>A task that a worker of this process holds.</summary>
/// <param name="Row">With the epoch of this claim.</param>
/// <param name="Place">Where its row lies in <c>task_leases</c>; a hint, for the row may move.</param>
/// <param name="ReadyAt">Since when it could be claimed.</param>
/// <param name="ClaimedAt">When the worker asked for it.</param>
/// <param name="Lease">The claim to be alive of the worker that holds it.</param>
public sealed record ClaimedTask(TaskRow Row, string Kind, string PayloadJson, NpgsqlTid Place, DateTimeOffset ReadyAt, DateTimeOffset ClaimedAt,
    bool DryRun, DateTimeOffset? DeadlineAt, WorkerLease Lease)
{
    /// <summary>Not before it could be claimed, as the database has it.</summary>
    public DateTimeOffset ClaimedAt { get; init; } = ClaimedAt < ReadyAt ? ReadyAt : ClaimedAt;
}
