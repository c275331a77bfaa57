using System.Globalization;

namespace Emulators.OpenRouter.Billing;

/// <summary>
/// Every call that reached the emulator and what it was billed. Of the last calls the entries are kept, of all calls the sums:
/// memory stays bounded, and the bill exact.
/// </summary>
public sealed class Ledger
{
    readonly LedgerEntry?[] ring;
    readonly TimeProvider time;
    readonly ulong salt;
    readonly ExactSum cost = new(), upstream = new(); // USD
    long last, ended, cancelled, failed;

    internal Ledger(int capacity, TimeProvider time) => (ring, this.time, salt) = (new LedgerEntry?[capacity], time, (ulong)time.GetUtcNow().Ticks);

    /// <summary>Calls that arrived.</summary>
    public long Calls => Interlocked.Read(ref last);

    /// <summary>Calls that have not ended.</summary>
    public long Running => Interlocked.Read(ref last) - Interlocked.Read(ref ended);

    public long Cancelled => Interlocked.Read(ref cancelled);

    /// <summary>Calls that were answered with a status from 400 on, or ended with an error.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>What all calls were billed, exactly.</summary>
    public decimal TotalUsd => cost.Value;

    /// <summary>The same in billionths of a dollar; prices may leave a fraction.</summary>
    public decimal TotalNanodollars => TotalUsd * 1_000_000_000m;

    /// <summary>What providers took for the same calls; without BYOK the same as <see cref="TotalUsd"/>.</summary>
    public decimal TotalUpstreamUsd => upstream.Value;

    /// <summary>The entries that are kept, from the oldest on.</summary>
    public IReadOnlyList<LedgerEntry> Entries => [.. From(1)];

    /// <param name="number">The first one wanted.</param>
    public IEnumerable<LedgerEntry> From(long number)
    {
        var end = Calls;
        for (var n = Math.Max(Math.Max(number, 1), end - ring.Length + 1); n <= end; n++)
            if (Volatile.Read(ref ring[n % ring.Length]) is { } entry && entry.Number == n) yield return entry;
    }

    /// <returns>Null when there is no such call, or its entry is kept no longer.</returns>
    public LedgerEntry? Find(string generationId) =>
        GenerationId.Number(generationId) is { } number && Volatile.Read(ref ring[number % ring.Length]) is { } entry && entry.GenerationId == generationId ? entry : null;

    internal LedgerEntry Start()
    {
        var now = time.GetUtcNow();
        var number = Interlocked.Increment(ref last);
        var entry = new LedgerEntry(number, now, salt);
        Volatile.Write(ref ring[number % ring.Length], entry);
        return entry;
    }

    /// <summary>Once for each call.</summary>
    internal void End(LedgerEntry entry, CallOutcome outcome)
    {
        if (entry.Outcome is not null) throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Call {entry.Number} has been billed already."));
        cost.Add(outcome.CostUsd);
        upstream.Add(outcome.UpstreamUsd);
        if (outcome.IsCancelled) Interlocked.Increment(ref cancelled);
        if (outcome.Status >= 400 || outcome.FinishReason == "error") Interlocked.Increment(ref failed);
        entry.End(outcome);
        Interlocked.Increment(ref ended);
    }
}
