using Engine.Tasks;

namespace Engine.Workers;

/// <summary>How the last attempts of a worker went, all together and kind by kind.</summary>
public sealed class RecentRuns
{
    const int Last = 10;
    const double Weight = 0.2; // of the newest in the moving averages

    readonly Lock guard = new();
    readonly Queue<(string Kind, bool IsGood)> all = new(Last);
    readonly Dictionary<string, KindRuns> kinds = new(StringComparer.Ordinal);
    double? meanRunMs;

    /// <param name="ran">How long the attempt took.</param>
    public void Add(string kind, TaskResult result, TimeSpan ran)
    {
        if (result is TaskResult.Returned) return;
        var isGood = result is not TaskResult.Failed;
        lock (guard)
        {
            Push(all, (kind, isGood));
            meanRunMs = meanRunMs is { } mean ? mean + Weight * (ran.TotalMilliseconds - mean) : ran.TotalMilliseconds;
            if (!kinds.TryGetValue(kind, out var runs)) kinds[kind] = runs = new KindRuns();
            Push(runs.Outcomes, isGood);
            runs.MeanRunMs += (runs.MeanRunMs < 0 ? 1 : Weight) * (ran.TotalMilliseconds - Math.Max(0, runs.MeanRunMs));
        }
    }

    /// <summary>The last ten outcomes, newest last, s or f.</summary>
    public string Outcomes() { lock (guard) return Text(all.Select(a => a.IsGood)); }

    public string OutcomesOf(string kind) { lock (guard) return kinds.TryGetValue(kind, out var runs) ? Text(runs.Outcomes) : ""; }

    public double? MeanRunMs() { lock (guard) return meanRunMs; }

    /// <summary>The shortest of the kinds' mean run times in milliseconds; null before the first run.</summary>
    public double? ShortestMs() { lock (guard) return kinds.Count == 0 ? null : kinds.Values.Min(k => k.MeanRunMs); }

    /// <summary>The mean run time of each kind in milliseconds, of at most a hundred kinds.</summary>
    public IReadOnlyDictionary<string, double> KindRunMs() { lock (guard) return kinds.Take(100).ToDictionary(k => k.Key, k => Math.Round(k.Value.MeanRunMs, 3)); }

    /// <summary>What a kind did before counts no more, for the whole worker neither: the breaker holds the kind back.</summary>
    public void Forget(string kind)
    {
        lock (guard)
        {
            kinds.Remove(kind);
            var others = all.Where(a => a.Kind != kind).ToArray();
            all.Clear();
            foreach (var other in others) all.Enqueue(other);
        }
    }

    /// <summary>The same for all kinds, as far as the whole worker goes.</summary>
    public void Forget() { lock (guard) all.Clear(); }

    static string Text(IEnumerable<bool> outcomes) => string.Concat(outcomes.Select(good => good ? 's' : 'f'));

    static void Push<T>(Queue<T> outcomes, T outcome)
    {
        if (outcomes.Count == Last) outcomes.Dequeue();
        outcomes.Enqueue(outcome);
    }

    sealed class KindRuns
    {
        public Queue<bool> Outcomes { get; } = new(Last);

        /// <summary>Below zero before the first.</summary>
        public double MeanRunMs { get; set; } = -1;
    }
}
