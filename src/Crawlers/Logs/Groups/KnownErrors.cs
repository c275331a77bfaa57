using System.Globalization;

namespace Crawlers.Logs.Groups;

/// <summary>
/// Which fingerprints this process has seen, and how many new ones it takes: a flood of different errors costs a bounded number of rows, and what is
/// beyond is counted without them. Safe for use by several threads.
/// </summary>
public sealed class KnownErrors(TimeProvider time)
{
    /// <summary>At once, and then by the minute.</summary>
    public const int Burst = 10_000, PerMinute = 600;

    const int MaxKnown = 1_000_000;

    readonly Lock guard = new();
    readonly HashSet<ulong> known = [];
    double tokens = Burst;
    long refilledAt = time.GetTimestamp();

    /// <summary>They are stored already.</summary>
    public void Add(IEnumerable<string> keys)
    {
        lock (guard)
            foreach (var key in keys) known.Add(Hash(key));
    }

    /// <returns>Whether errors of this fingerprint may be counted by themselves.</returns>
    public bool Admit(string key)
    {
        lock (guard)
        {
            var hash = Hash(key);
            if (known.Contains(hash)) return true;
            var now = time.GetTimestamp();
            tokens = Math.Min(Burst, tokens + time.GetElapsedTime(refilledAt, now).TotalMinutes * PerMinute);
            refilledAt = now;
            if (tokens < 1) return false;
            tokens--;
            if (known.Count >= MaxKnown) known.Clear(); // those that are stored cost a token once more
            known.Add(hash);
            return true;
        }
    }

    // A key is a letter, a version and 128 bits in hex: the last 64 tell it apart.
    static ulong Hash(string key) => key.Length >= 16 && ulong.TryParse(key.AsSpan(key.Length - 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits) ? bits : (ulong)key.GetHashCode(StringComparison.Ordinal);
}
