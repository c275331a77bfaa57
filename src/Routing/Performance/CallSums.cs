using Routing.Calls;

namespace Routing.Performance;

/// <summary>Which window of which model under which policy.</summary>
public sealed record WindowKey(string Kind, DateTimeOffset Start, string Provider, string Model, string Policy);

/// <summary>What was seen in a window; sums of sums are again sums. Not safe for several threads at once.</summary>
public sealed class CallSums
{
    public long Requests { get; private set; }
    public long Successes { get; private set; }
    public long Failures { get; private set; }
    public long Cancelled { get; private set; }
    public SortedDictionary<string, long> ErrorKinds { get; } = new(StringComparer.Ordinal);

    /// <summary>Of the calls that succeeded.</summary>
    public long LatencyMs { get; private set; }
    public Histogram Latency { get; } = new();
    public long FirstTokenMs { get; private set; }
    public Histogram FirstToken { get; } = new();
    public decimal CostUsd { get; private set; }
    public long PromptTokens { get; private set; }
    public long CompletionTokens { get; private set; }
    public long CachedTokens { get; private set; }
    public long CacheWriteTokens { get; private set; }
    public long ReasoningTokens { get; private set; }
    public long Verdicts { get; private set; }
    public decimal Good { get; private set; }
    public decimal Bad { get; private set; }

    /// <exception cref="ArgumentException">The outcome is none of succeeded, failed and cancelled.</exception>
    public void Add(CallEnd end)
    {
        switch (end.Outcome)
        {
            case "succeeded":
                Successes++;
                LatencyMs += LatencyBuckets.Milliseconds(end.Latency);
                Latency.Add(end.Latency);
                break;
            case "failed":
                Failures++;
                var kind = FailureKinds.Known(end.ErrorKind);
                ErrorKinds[kind] = ErrorKinds.GetValueOrDefault(kind) + 1;
                break;
            case "cancelled":
                Cancelled++;
                break;
            default:
                throw new ArgumentException($"A call ends as succeeded, failed or cancelled, not as \"{end.Outcome}\".", nameof(end));
        }
        Requests++;
        if (end.FirstToken is { } first)
        {
            FirstTokenMs += LatencyBuckets.Milliseconds(first);
            FirstToken.Add(first);
        }
        CostUsd += end.CostUsd;
        PromptTokens += end.Usage.PromptTokens;
        CompletionTokens += end.Usage.CompletionTokens;
        CachedTokens += end.Usage.CachedTokens;
        CacheWriteTokens += end.Usage.CacheWriteTokens + end.Usage.CacheWrite1hTokens;
        ReasoningTokens += end.Usage.ReasoningTokens;
    }

    /// <summary>A cost became known that was estimated when its call was added.</summary>
    public void AddCost(decimal deltaUsd) => CostUsd += deltaUsd;

    /// <param name="count">1 for a new verdict, 0 for one that was changed.</param>
    public void AddVerdict(int count, decimal good, decimal bad)
    {
        Verdicts += count;
        Good += good;
        Bad += bad;
    }

    public void Add(CallSums other)
    {
        Requests += other.Requests;
        Successes += other.Successes;
        Failures += other.Failures;
        Cancelled += other.Cancelled;
        foreach (var (kind, count) in other.ErrorKinds) ErrorKinds[kind] = ErrorKinds.GetValueOrDefault(kind) + count;
        LatencyMs += other.LatencyMs;
        Latency.Add(other.Latency);
        FirstTokenMs += other.FirstTokenMs;
        FirstToken.Add(other.FirstToken);
        CostUsd += other.CostUsd;
        PromptTokens += other.PromptTokens;
        CompletionTokens += other.CompletionTokens;
        CachedTokens += other.CachedTokens;
        CacheWriteTokens += other.CacheWriteTokens;
        ReasoningTokens += other.ReasoningTokens;
        AddVerdict((int)other.Verdicts, other.Good, other.Bad);
    }
}

/// <summary>Counts by bucket of <see cref="LatencyBuckets"/>, as long as the last bucket that was hit.</summary>
public sealed class Histogram
{
    int[] counts = [];

    public IReadOnlyList<int> Counts => counts;

    public void Add(TimeSpan latency)
    {
        var bucket = LatencyBuckets.Of(latency);
        if (bucket >= counts.Length) Array.Resize(ref counts, bucket + 1);
        counts[bucket]++;
    }

    public void Add(Histogram other)
    {
        if (other.counts.Length > counts.Length) Array.Resize(ref counts, other.counts.Length);
        for (var bucket = 0; bucket < other.counts.Length; bucket++) counts[bucket] += other.counts[bucket];
    }
}
