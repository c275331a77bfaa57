namespace Chaos.Recorded;

/// <summary>All that was seen of one run.</summary>
public sealed record History
{
    public IReadOnlyList<RecordedFiling> Filings { get; init; } = [];
    public IReadOnlyList<WorldEvent> Events { get; init; } = [];
    public IReadOnlyList<RecordedDecision> Decisions { get; init; } = [];
    public IReadOnlyList<QueueSample> Samples { get; init; } = [];
    public EndTables Tables { get; init; } = new();

    /// <summary>Every task was given the time to end.</summary>
    public bool IsDrained { get; init; } = true;

    public IEnumerable<IGrouping<Guid, AttemptLine>> AttemptsByTask => Tables.Attempts.GroupBy(a => a.TaskId);

    public IEnumerable<WorldEvent> Of(WorldEventKind kind) => Events.Where(e => e.Kind == kind);
}
