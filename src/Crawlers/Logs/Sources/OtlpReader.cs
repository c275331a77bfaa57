using System.Globalization;

namespace Crawlers.Logs.Sources;

/// <summary>Reads what was received by OTLP. A request that comes again within a quarter of an hour is taken for a repetition and not counted.</summary>
public sealed class OtlpReader : ILogReader
{
    const long MostBytes = 4 * 1024 * 1024;
    const int MostReceipts = 20_000;
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    readonly OtlpInbox inbox;
    readonly TimeProvider time;
    readonly Dictionary<string, DateTimeOffset> receipts = [];
    readonly Queue<string> order = [];

    /// <param name="positions">By key of a request: when it came.</param>
    public OtlpReader(OtlpInbox inbox, IReadOnlyDictionary<string, string> positions, TimeProvider time)
    {
        (this.inbox, this.time) = (inbox, time);
        inbox.Begin();
        foreach (var (key, position) in positions)
            receipts[key] = DateTimeOffset.TryParse(position.Trim('"'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : DateTimeOffset.MinValue;
        foreach (var (key, _) in receipts.OrderBy(r => r.Value)) order.Enqueue(key);
    }

    public string? Problem => null;

    public long BehindBytes => inbox.Bytes;

    public ValueTask<LogRead> ReadAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var chunks = new List<LogChunk>();
        var positions = new Dictionary<string, string?>();
        var exports = new List<OtlpExport>();
        for (var bytes = 0L; bytes < MostBytes && inbox.TryTake(out var export); bytes += export.Bytes)
        {
            exports.Add(export);
            if (!receipts.TryAdd(export.Key, now)) continue; // acknowledged with what it repeats
            order.Enqueue(export.Key);
            chunks.AddRange(export.Chunks.Select(c => c with { IsEnded = true })); // each record is an event by itself
            positions[export.Key] = $"\"{now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}\"";
        }
        while (order.TryPeek(out var oldest) && (receipts[oldest] < now - Remembered || order.Count > MostReceipts))
        {
            receipts.Remove(order.Dequeue());
            positions[oldest] = null;
        }
        if (exports.Count == 0 && positions.Count == 0) return ValueTask.FromResult(LogRead.Nothing);
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = TellAsync(exports, committed.Task);
        return ValueTask.FromResult(new LogRead(chunks, positions) { Committed = committed });
    }

    static async Task TellAsync(List<OtlpExport> exports, Task committed)
    {
        await committed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var export in exports)
            if (committed.IsCompletedSuccessfully) export.Stored.TrySetResult();
            else export.Stored.TrySetException(committed.Exception?.InnerException ?? new IOException("It was not stored."));
    }

    // Whoever disposes of the crawl fails what it has not stored.
    public ValueTask DisposeAsync()
    {
        inbox.End();
        return ValueTask.CompletedTask;
    }
}
