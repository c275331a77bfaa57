namespace Crawlers.Logs.Fingerprints;

/// <summary>A function from which many different functions fail is a hub: what calls it, and that it was it, says nothing.</summary>
static class LearnHubs
{
    /// <summary>Of different functions that it called when different errors came.</summary>
    public const int Callees = 5;

    public static IEnumerable<Alias> From(IReadOnlyList<Fingerprint> traces)
    {
        var callees = new Dictionary<string, HashSet<string>>();
        foreach (var trace in traces)
            for (var i = 1; i < trace.Chain.Count; i++)
            {
                if (!callees.TryGetValue(trace.Chain[i], out var below)) callees[trace.Chain[i]] = below = [];
                below.Add(trace.Chain[i - 1]);
            }
        var learned = callees.Where(c => c.Value.Count >= Callees && !Hubs.IsHub(c.Key)).ToDictionary(c => c.Key, c => c.Value.Count);
        if (learned.Count == 0) yield break;
        foreach (var trace in traces)
        {
            var cut = FingerprintTrace.With(trace, name => Hubs.IsHub(name) || learned.ContainsKey(name));
            if (cut.Key == trace.Key || trace.Chain.Count == 0) continue;
            var hub = trace.Chain.First(learned.ContainsKey);
            yield return new Alias(trace.Key, cut.Key, $"{hub} is a hub: {learned[hub]} different functions failed below it");
        }
    }
}
