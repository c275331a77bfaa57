namespace Engine.Audit;

/// <param name="Previous">The chain hash that is stored at the position before.</param>
sealed record BrokenLink(ChainLink Link, byte[] Previous)
{
    /// <summary>What the chain hash here would have to be.</summary>
    public byte[] Expected { get; } = AuditHead.LinkHash(Previous, Link.EntryHash, Link.Position);
}

/// <summary>
/// Links that do not follow from the one before. One change breaks up to four of them; looking at all together tells which
/// were moved, which were changed, and which only stand behind one that was.
/// </summary>
sealed class BrokenLinks(AuditProblems problems)
{
    const int Examined = 32; // each is tried against all others, as place and as predecessor: 300,000 hashes at most

    readonly List<BrokenLink> links = [];

    public void Add(BrokenLink link)
    {
        if (links.Count < Examined) links.Add(link);
        else AddUnexplained(link);
    }

    /// <param name="end">The last position of the chain.</param>
    public void Explain(long end)
    {
        byte[][] predecessors = [.. links.SelectMany(b => new[] { b.Link.ChainHash, b.Previous, b.Expected })];
        long[] places = [.. links.SelectMany(b => new[] { b.Link.Position - 1, b.Link.Position, b.Link.Position + 1 }).Distinct()];
        var blamed = links.FindAll(b => !predecessors.Any(p => b.Link.Follows(p))); // the others are in place, what precedes them is not
        foreach (var broken in blamed.Count > 0 ? blamed : links)
        {
            var (link, position) = (broken.Link, broken.Link.Position);
            if (places.Cast<long?>().FirstOrDefault(place => predecessors.Any(p => link.IsMadeOf(p, link.EntryHash, place!.Value))) is { } home)
                problems.Add(AuditProblemKind.Reordered, position, link.EntryId,
                    $"The link of entry {link.EntryId} stands at position {position}, it was made for position {home}.");
            else if (links.Find(other => link.IsMadeOf(broken.Previous, other.Link.EntryHash, position)) is { } owner)
                problems.Add(AuditProblemKind.Reordered, position, link.EntryId,
                    $"Position {position} names entry {link.EntryId}, it was made for entry {owner.Link.EntryId}, which stands at position {owner.Link.Position}.");
            else if (position < end && links.TrueForAll(other => other.Link.Position != position + 1))
                problems.Add(AuditProblemKind.Changed, position, link.EntryId, // the next link vouches for this chain hash
                    $"Entry {link.EntryId} and its hash at position {position} are not what was linked: chain hash is {link.HexHash}, they give {Hex(broken.Expected)}.");
            else
                AddUnexplained(broken);
        }
    }

    void AddUnexplained(BrokenLink broken) => problems.Add(AuditProblemKind.ChainChanged, broken.Link.Position, broken.Link.EntryId,
        $"The chain hash at position {broken.Link.Position} is {broken.Link.HexHash}, expected {Hex(broken.Expected)}.");

    static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}
