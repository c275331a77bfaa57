namespace Crawlers.Logs.Fingerprints;

/// <summary>Learns from the fingerprints of a run which of them are the same error: values that look like words, and functions through which everything passes.</summary>
public static class LearnAliases
{
    /// <summary>With more templates than this none is compared: that is a flood, and for people to look at.</summary>
    public const int MaxTemplates = 50_000;

    /// <param name="seen">Each fingerprint once, and a trace's for each chain of frames; their order does not matter.</param>
    /// <returns>By the key that they are for; keys without an alias are their own group.</returns>
    public static IReadOnlyDictionary<string, Alias> From(IEnumerable<Fingerprint> seen)
    {
        var all = seen.OrderBy(f => f.Key, StringComparer.Ordinal).ToList();
        var aliases = LearnHubs.From([.. all.Where(f => f.Type is not null)]).DistinctBy(a => a.From).ToList();
        var messages = all.Where(f => f.Type is null).DistinctBy(f => f.Key).ToList();
        if (messages.Count <= MaxTemplates) aliases.AddRange(LearnSlots.From(messages));
        return aliases.ToDictionary(a => a.From);
    }
}
