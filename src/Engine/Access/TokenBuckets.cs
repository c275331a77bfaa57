using System.Collections.Concurrent;

namespace Engine.Access;

/// <summary>
/// One token bucket for each key, holding two seconds' worth. Filled up when asked, not by a timer: the framework's partitioned
/// limiter wakes ten times a second for ever, which is most of what an idle engine would use.
/// </summary>
public sealed class TokenBuckets(int perSecond, TimeProvider time)
{
    const int MostBuckets = 10_000;

    readonly ConcurrentDictionary<string, Bucket> byKey = new();
    readonly double capacity = 2.0 * perSecond;
    int added; // since the last clearing; the dictionary's own count would lock all of it at each request

    /// <param name="wait">How long until there is a token again, when there is none now.</param>
    public bool TryTake(string key, out TimeSpan wait)
    {
        var now = time.GetTimestamp();
        if (!byKey.TryGetValue(key, out var bucket))
        {
            if (Interlocked.Increment(ref added) >= MostBuckets) Forget(now);
            bucket = byKey.GetOrAdd(key, new Bucket { Tokens = capacity, At = now });
        }
        lock (bucket)
        {
            Fill(bucket, now);
            if (bucket.Tokens >= 1)
            {
                bucket.Tokens--;
                wait = TimeSpan.Zero;
                return true;
            }
            wait = TimeSpan.FromSeconds((1 - bucket.Tokens) / perSecond);
            return false;
        }
    }

    void Fill(Bucket bucket, long now)
    {
        if (now <= bucket.At) return;
        bucket.Tokens = Math.Min(capacity, bucket.Tokens + time.GetElapsedTime(bucket.At, now).TotalSeconds * perSecond);
        bucket.At = now;
    }

    /// <summary>Drops what is full again, which is as good as new; when everybody is at it, all begin anew: memory is bounded first.</summary>
    void Forget(long now)
    {
        foreach (var (key, bucket) in byKey)
        {
            lock (bucket)
            {
                Fill(bucket, now);
                if (bucket.Tokens < capacity) continue;
            }
            byKey.TryRemove(key, out _);
        }
        if (byKey.Count >= MostBuckets / 2) byKey.Clear();
        Volatile.Write(ref added, byKey.Count);
    }

    sealed class Bucket
    {
        public double Tokens;
        public long At;
    }
}
