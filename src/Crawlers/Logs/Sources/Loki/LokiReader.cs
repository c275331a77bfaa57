using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Loki;

/// <summary>Reads the lines that a query finds in a Loki, in the order of their time, page by page.</summary>
public sealed class LokiReader : ILogReader
{
    const string Key = "loki";
    const int MostRemembered = 5000;
    static readonly TimeSpan AsksEvery = TimeSpan.FromSeconds(1), FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1), LongestWait = TimeSpan.FromMinutes(10), TellsEvery = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Window = TimeSpan.FromDays(1); // servers refuse to look through more than some weeks at once

    readonly LokiSettings settings;
    readonly TimeProvider time;
    readonly AskLoki ask;
    LokiPosition? position;
    int page, limit, largest = MostRemembered, failures;
    bool isBehind;
    long? toldAt;
    long askedAt;
    TimeSpan pause;
    string? lost;

    /// <param name="positions">What earlier reads gave, committed; empty when the source was never read.</param>
    public LokiReader(LokiSettings settings, IReadOnlyDictionary<string, string> positions, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;
        ask = new AskLoki(settings, time);
        page = limit = Math.Max(1, settings.PageEntries);
        position = LokiPosition.FromJson(positions.GetValueOrDefault(Key));
    }

    public string? Problem { get; private set; }

    /// <summary>Loki tells nobody how much is left: one byte when there is more.</summary>
    public long BehindBytes => isBehind ? 1 : 0;

    public async ValueTask<LogRead> ReadAsync(CancellationToken ct)
    {
        if (askedAt != 0 && time.GetElapsedTime(askedAt) < pause) return LogRead.Nothing;
        askedAt = time.GetTimestamp();
        var now = time.GetUtcNow();
        var isFirst = position is null;
        position ??= new LokiPosition(Nanoseconds(settings.StartAt == StartAt.End ? now : now - settings.Lookback), []);
        var upTo = Nanoseconds(now - settings.Lag);
        var to = Math.Min(upTo, position.FromNanoseconds + Window.Ticks * 100);
        pause = AsksEvery;
        if (to <= position.FromNanoseconds) return isFirst ? Told([]) : LogRead.Nothing;
        var answer = await ask.RunAsync(position.FromNanoseconds, to, limit, ct);
        if (answer.Streams is not { } streams)
        {
            Fail(answer);
            return isFirst ? Told([]) : LogRead.Nothing;
        }
        failures = 0;
        Problem = lost;
        var all = streams.SelectMany(s => s.Entries).ToList();
        var isFull = all.Count >= limit;
        isBehind = isFull || to < upTo;
        if (isBehind) pause = TimeSpan.Zero;
        // In forward order a full page has all there is before its last moment, and some or all of that.
        var next = isFull ? all.Max(e => e.Nanoseconds) : to;
        var known = position.Read.ToHashSet();
        var from = position.FromNanoseconds;
        var news = streams.Select(s => new LokiStream(s.Labels, [.. s.Entries.Where(e => e.Nanoseconds != from || !known.Contains(e.Hash)).OrderBy(e => e.Nanoseconds)])).ToList();
        if (isFull && next == from && all.All(e => known.Contains(e.Hash))) return Crowded(from);
        var read = isFull ? all.Where(e => e.Nanoseconds == next).Select(e => e.Hash).Concat(next == from ? position.Read : []).Distinct().Take(MostRemembered).ToList() : [];
        position = new LokiPosition(next, read);
        if (next > from) limit = page;
        var chunks = LokiChunks.Of(news);
        return chunks.Count > 0 || isFirst || toldAt is not { } told || time.GetElapsedTime(told) >= TellsEvery ? Told(chunks) : LogRead.Nothing;
    }

    public ValueTask DisposeAsync()
    {
        ask.Dispose();
        return ValueTask.CompletedTask;
    }

    // More entries of one moment than a page has: a larger page, while the server gives one.
    LogRead Crowded(long at)
    {
        if (limit < largest)
        {
            limit = Math.Min(limit * 2, largest);
            return LogRead.Nothing;
        }
        Problem = lost = $"{settings.Url} has {limit} entries or more of one moment, {DateTimeOffset.UnixEpoch.AddTicks(at / 100):O}, and gives no more of them at once: the others are not read. Let what writes them write finer times.";
        limit = page;
        position = new LokiPosition(at + 1, []);
        return Told([]);
    }

    LogRead Told(List<LogChunk> chunks)
    {
        toldAt = time.GetTimestamp();
        return new LogRead(chunks, new Dictionary<string, string?> { [Key] = position!.ToJson() });
    }

    void Fail(LokiAnswer answer)
    {
        if (answer.IsAboveLimit && limit > 1)
        {
            largest = limit / 2;
            page = Math.Min(page, largest);
            limit = Math.Max(page, largest);
            pause = TimeSpan.Zero;
            return;
        }
        Problem = answer.Problem;
        pause = TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(failures++, 10), LongestPause.Ticks));
        if (answer.RetryAfter is { } wanted && wanted > pause) pause = wanted < LongestWait ? wanted : LongestWait;
    }

    static long Nanoseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks * 100;
}
