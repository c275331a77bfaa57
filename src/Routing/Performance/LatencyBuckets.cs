namespace Routing.Performance;

/// <summary>
/// The buckets that latencies are counted in, the same as the SQL function <c>routing_latency_bounds</c> has: each millisecond up to 10,
/// then each 16 % wider than the one before, to beyond an hour. Counts add up exactly, and a quantile from them is at most 8 % off.
/// </summary>
public static class LatencyBuckets
{
    const double Growth = 1.16;
    const int LastBoundAtLeast = 3_600_000;

    static readonly long[] FirstOfEach = [.. MakeBounds()];

    /// <summary>The first millisecond of each bucket but the first, which holds what is under one.</summary>
    public static IReadOnlyList<long> Bounds => FirstOfEach;

    public static int Count => FirstOfEach.Length + 1;

    public static int Of(TimeSpan latency)
    {
        var at = Array.BinarySearch(FirstOfEach, Milliseconds(latency));
        return at >= 0 ? at + 1 : ~at;
    }

    /// <summary>What is counted: whole milliseconds, none below zero.</summary>
    public static long Milliseconds(TimeSpan latency) => Math.Max(0, (long)latency.TotalMilliseconds);

    /// <summary>The geometric middle of the bucket that holds the quantile; null without counts. Counts may be weighted.</summary>
    public static TimeSpan? Quantile(IReadOnlyList<double> counts, double share)
    {
        var wanted = share * counts.Sum();
        var (upto, last) = (0.0, -1);
        for (var bucket = 0; bucket < counts.Count && (last < 0 || upto < wanted); bucket++)
        {
            if (counts[bucket] <= 0) continue;
            upto += counts[bucket];
            last = bucket;
        }
        return last < 0 ? null : TimeSpan.FromMilliseconds(Middle(last));
    }

    static double Middle(int bucket) =>
        bucket == 0 ? 0 : bucket == FirstOfEach.Length ? FirstOfEach[^1] : Math.Sqrt((double)FirstOfEach[bucket - 1] * (FirstOfEach[bucket] - 1));

    static IEnumerable<long> MakeBounds()
    {
        for (long bound = 1; ; bound = bound < 10 ? bound + 1 : (long)(bound * Growth + 0.5))
        {
            yield return bound;
            if (bound >= LastBoundAtLeast) yield break;
        }
    }
}
