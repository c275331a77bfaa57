namespace Chaos.Recorded;

/// <summary>What the tables say once all is healed and drained.</summary>
public sealed record EndTables
{
    public IReadOnlyList<TaskLine> Tasks { get; init; } = [];
    public IReadOnlyList<LiveLine> Live { get; init; } = [];
    public IReadOnlyList<AttemptLine> Attempts { get; init; } = [];
    public IReadOnlyList<EdgeLine> Edges { get; init; } = [];
    public IReadOnlyList<KeyLine> Keys { get; init; } = [];
    public IReadOnlyList<SlotLine> Slots { get; init; } = [];
    public IReadOnlyList<GateLine> Gates { get; init; } = [];
    public IReadOnlyList<FireLine> Fires { get; init; } = [];
    public IReadOnlyList<WorkerLine> Workers { get; init; } = [];
}

/// <param name="Tag">Of the filing; null for tasks of the engine's own.</param>
/// <param name="FireTime">Which fire of a schedule it is for; null: none.</param>
public sealed record TaskLine(Guid TaskId, string Kind, string? Tag, string? DedupKey, string? ConcurrencyKey, string? FireTime);

/// <param name="Place">ready, leased, due, held, waiting, gated or parked.</param>
/// <param name="WorkerId">Null unless leased.</param>
/// <param name="Gate">Null unless gated.</param>
/// <param name="Open">Parents that have not succeeded; 0 unless waiting.</param>
/// <param name="Failed">Parents that ended otherwise; 0 unless waiting.</param>
/// <param name="Reason">Null unless parked.</param>
public sealed record LiveLine(Guid TaskId, string Place, long Epoch, short Failures, short Losses, short Flags, long? WorkerId, string? Gate, int Open, int Failed, string? Reason);

/// <param name="ResultEpoch">The epoch that the handler put into its result; null when there is none.</param>
public sealed record AttemptLine(Guid TaskId, long Epoch, long? WorkerId, string Outcome, string? FinalState, string? Fault, string? Error, long? ResultEpoch, bool IsReopened);

public sealed record EdgeLine(Guid ChildId, Guid ParentId, string? Settled);

public sealed record KeyLine(string DedupKey, Guid TaskId);

public sealed record SlotLine(string ConcurrencyKey, int Slot, Guid? TaskId, int MaxRunning);

public sealed record GateLine(Guid TaskId, string Gate, long? Epoch, string? Decision, string? DecidedBy);

public sealed record FireLine(string Name, string FireTime, bool IsManual);

public sealed record WorkerLine(long WorkerId, int ProcessId, string State, int Running);
