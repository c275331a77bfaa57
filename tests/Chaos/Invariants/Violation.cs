using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>What a history shows that must never be.</summary>
/// <param name="Invariant">I1 to I10.</param>
/// <param name="TaskId">Null when it is about no task.</param>
public sealed record Violation(string Invariant, Guid? TaskId, string Text)
{
    public override string ToString() => TaskId is null ? $"{Invariant}: {Text}" : $"{Invariant}: task {TaskId}: {Text}";
}

/// <summary>Something that holds over every history; the names are those of the fault matrix.</summary>
public interface IInvariant
{
    string Name { get; }

    /// <summary>What it promises, for the table at the end of a run.</summary>
    string Promise { get; }

    /// <returns>What breaks it, and how many things were looked at: a check of nothing is no proof.</returns>
    (int Checked, IReadOnlyList<Violation> Violations) Check(History history);
}
