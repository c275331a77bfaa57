namespace Engine.Tasks.Events;

/// <summary>
/// How far the events have been read. Times are taken before transactions commit, so "all until a moment" is known only below
/// the oldest transaction that may still commit.
/// </summary>
/// <param name="From">Everything that happened before has been seen.</param>
/// <param name="Xmin">Rows of older transactions have been seen, whatever their times.</param>
public sealed record EventCursor(DateTimeOffset From, long Xmin);

/// <param name="IsCut">There were more than could be taken.</param>
public sealed record EventPass(IReadOnlyList<TaskEvent> Events, EventCursor Next, bool IsCut);

/// <summary>Tasks by the range of their ids, which is the range of the days of their filing.</summary>
/// <param name="Before">Not part of it.</param>
public sealed record TaskRange(Guid First, Guid Before)
{
    public static TaskRange All { get; } = new(Guid.Empty, Guid.AllBitsSet);
}
