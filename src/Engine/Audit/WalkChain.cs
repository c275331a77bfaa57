namespace Engine.Audit;

/// <summary>
/// Follows the chain link by link and tells where it does not hold. Each link is checked against the one stored before it,
/// so one broken link does not make all that follow look broken.
/// </summary>
/// <param name="known">Heads that were kept outside the tables.</param>
sealed class WalkChain(AuditProblems problems, IReadOnlyList<KnownHead> known)
{
    readonly BrokenLinks broken = new(problems);
    readonly ILookup<long, KnownHead> knownAt = known.ToLookup(k => k.Head.Position);
    byte[] previous = new byte[32];
    long position;

    public long Entries { get; private set; }

    /// <summary>The last link; when it was made is not part of the chain and not told.</summary>
    public AuditHead Head => AuditHead.Of(position, previous, null);

    public void Accept(ChainLink link)
    {
        var next = position + 1;
        Entries++;
        if (link.Position > next) problems.Add(AuditProblemKind.Missing, next, null, MissingLinks(next, link.Position - 1));
        if (link.Position < next) problems.Add(AuditProblemKind.ChainChanged, link.Position, link.EntryId, $"Position {link.Position} is there twice.");

        var isExplained = CheckEntry(link, canFollow: link.Position == next);
        if (link.Position == next && !isExplained && !link.Follows(previous)) broken.Add(new BrokenLink(link, previous));
        foreach (var head in knownAt[link.Position].Where(k => k.Head.ChainHash != link.HexHash))
            problems.Add(AuditProblemKind.Rewritten, link.Position, link.EntryId,
                $"{head.Origin} has chain hash {head.Head.ChainHash} at position {link.Position}, the chain has {link.HexHash}: the log was rewritten at or before it.");

        previous = link.ChainHash;
        position = link.Position;
    }

    /// <summary>After the last link: what the chain should have reached, and the broken links explained.</summary>
    /// <param name="reached">The highest position ever, from the sequence.</param>
    public void Finish(long reached)
    {
        broken.Explain(position);
        var ends = known.Select(k => (k.Head.Position, k.Origin)).Append((Position: reached, Origin: "The database's record of positions"));
        foreach (var (end, origin) in ends.Where(e => e.Position > position))
            problems.Add(AuditProblemKind.Truncated, end, null,
                $"{origin} says that the chain had reached position {end}; it ends at {position}: {end - position} links are gone.");
    }

    /// <returns>Whether the entry hash in the chain is what was changed: the link holds with the entry as it lies in the log.</returns>
    bool CheckEntry(ChainLink link, bool canFollow)
    {
        if (link.Entry is null)
        {
            problems.Add(AuditProblemKind.Missing, link.Position, link.EntryId, $"Entry {link.EntryId} at position {link.Position} is gone from the log.");
            return false;
        }
        var hash = link.Entry.Hash();
        if (hash.AsSpan().SequenceEqual(link.EntryHash)) return false;

        var (inLog, inChain) = (Convert.ToHexStringLower(hash), Convert.ToHexStringLower(link.EntryHash));
        if (canFollow && (link with { EntryHash = hash }).Follows(previous))
        {
            problems.Add(AuditProblemKind.ChainChanged, link.Position, link.EntryId,
                $"The link at position {link.Position} has entry hash {inChain}, it was made with {inLog}; entry {link.EntryId} itself is as it was.");
            return true;
        }
        problems.Add(AuditProblemKind.Changed, link.Position, link.EntryId,
            $"Entry {link.EntryId} at position {link.Position} has hash {inLog}, it was linked with {inChain}.");
        return false;
    }

    static string MissingLinks(long first, long last) => first == last
        ? $"The link at position {first} is gone." : $"The links at positions {first} to {last} are gone: {last - first + 1} of them.";
}

/// <param name="Origin">Where it was kept, as the start of a sentence.</param>
sealed record KnownHead(string Origin, AuditHead Head);

/// <param name="Entry">Null when the log has no such entry.</param>
sealed record ChainLink(long Position, Guid EntryId, byte[] EntryHash, byte[] ChainHash, StoredEntry? Entry)
{
    public string HexHash => Convert.ToHexStringLower(ChainHash);

    public bool Follows(ReadOnlySpan<byte> previous) => IsMadeOf(previous, EntryHash, Position);

    /// <summary>Whether this link's chain hash is the one of these three.</summary>
    public bool IsMadeOf(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> entryHash, long position) =>
        AuditHead.LinkHash(previous, entryHash, position).AsSpan().SequenceEqual(ChainHash);
}
