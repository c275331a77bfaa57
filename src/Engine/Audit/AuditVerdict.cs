namespace Engine.Audit;

/// <param name="Entries">Links that were recomputed.</param>
/// <param name="Unchained">Entries that still wait for their link.</param>
/// <param name="Head">The end of the chain as it was read; not to be trusted when there are problems.</param>
/// <param name="ProblemCount">All that were found; <paramref name="Problems"/> names a hundred of them, in the order of positions.</param>
public sealed record AuditVerdict(long Entries, long Unchained, AuditHead Head, long ProblemCount, IReadOnlyList<AuditProblem> Problems)
{
    public bool Intact => ProblemCount == 0;
}

/// <param name="Position">Null for what has none: an entry that was never linked.</param>
/// <param name="EntryId">Null where none is known any more.</param>
/// <param name="Message">A sentence with what is stored and what was expected.</param>
public sealed record AuditProblem(AuditProblemKind Kind, long? Position, Guid? EntryId, string Message);

public enum AuditProblemKind
{
    /// <summary>A row of the log is not as it was linked.</summary>
    Changed,

    /// <summary>An entry or a link is gone.</summary>
    Missing,

    /// <summary>A link stands where another was made.</summary>
    Reordered,

    /// <summary>The chain ends before a position that it is known to have reached.</summary>
    Truncated,

    /// <summary>A row of the log that nobody recorded through the engine: neither linked nor waiting for it.</summary>
    Forged,

    /// <summary>A row of the chain is not as it was made; the log is.</summary>
    ChainChanged,

    /// <summary>The chain agrees with itself but not with a head that was kept elsewhere: everything up to there is in doubt.</summary>
    Rewritten,

    /// <summary>The head file cannot be read, so it proves nothing.</summary>
    HeadUnreadable,
}

/// <summary>Counts all problems and keeps the first hundred that are found.</summary>
sealed class AuditProblems
{
    const int Kept = 100;

    readonly List<AuditProblem> kept = [];

    public long Count { get; private set; }

    public IReadOnlyList<AuditProblem> InOrder => [.. kept.OrderBy(p => p.Position ?? long.MaxValue)];

    public void Add(AuditProblemKind kind, long? position, Guid? entryId, string message)
    {
        if (kept.Count < Kept) kept.Add(new AuditProblem(kind, position, entryId, message));
        Count++;
    }

    /// <summary>Problems that are known to be there and too many to be named.</summary>
    public void AddUnnamed(long count) => Count += count;
}
