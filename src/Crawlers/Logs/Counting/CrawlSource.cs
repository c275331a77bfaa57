using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;

namespace Crawlers.Logs.Counting;

/// <summary>
/// Reads a source from its stored position and commits what it has counted, twice a second under load and at once when there is nothing more to read. After
/// any failure it is thrown away and begun anew from what is stored: nothing is lost, and nothing is counted twice.
/// </summary>
public sealed class CrawlSource : IAsyncDisposable
{
    static readonly TimeSpan CommitEvery = TimeSpan.FromMilliseconds(500), RenewEvery = TakeSource.Lease / 4;
    const int MaxTallied = 5000;

    readonly int sourceId;
    readonly string name;
    readonly long? epoch;
    readonly ILogReader reader;
    readonly CountEvents count;
    readonly CommitCrawl commit;
    readonly TimeProvider time;
    readonly Dictionary<string, string?> positions = [];
    readonly List<TaskCompletionSource> waiting = [];
    long committedAt;
    string? toldProblem;

    /// <param name="taken">Under which epoch, and where it was left.</param>
    public CrawlSource(int sourceId, string name, TakenSource taken, ILogReader reader, CountSettings settings, KnownErrors known, CommitCrawl commit, TimeProvider time)
    {
        (this.sourceId, this.name, epoch, this.reader, this.commit, this.time) = (sourceId, name, taken.Epoch, reader, commit, time);
        count = new CountEvents(settings, known, time);
        foreach (var (part, state) in taken.Carries) count.Restore(part, state);
        committedAt = time.GetTimestamp();
    }

    /// <summary>Reads what is there, up to what one commit takes.</summary>
    /// <returns>What came of it; <see cref="CrawlPass.IsLost"/> ends the crawl.</returns>
    public async Task<CrawlPass> RunOnceAsync(CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            var isDry = read.Chunks.Count == 0 && read.Positions.Count == 0;
            foreach (var chunk in read.Chunks) count.Add(chunk);
            foreach (var (key, position) in read.Positions) positions[key] = position;
            if (read.Committed is not null) waiting.Add(read.Committed);
            if (isDry) count.FlushSilent();
            if (!isDry && count.Tallied < MaxTallied && time.GetElapsedTime(began) < CommitEvery) continue;
            var isDue = count.HasChanges || positions.Count > 0 || waiting.Count > 0 || reader.Problem != toldProblem || (epoch is not null && time.GetElapsedTime(committedAt) > RenewEvery);
            return isDue ? await CommitAsync(!isDry, ct) : new CrawlPass(false, false, 0, default);
        }
    }

    /// <summary>Nothing more will come: what is open is complete.</summary>
    public async Task<CrawlPass> EndAsync(CancellationToken ct)
    {
        count.Flush();
        return await CommitAsync(false, ct);
    }

    async Task<CrawlPass> CommitAsync(bool isBusy, CancellationToken ct)
    {
        var counted = count.Take();
        var problem = reader.Problem;
        var committed = await commit.RunAsync(new CrawlCommit(sourceId, name, epoch, TakeSource.Lease, positions, counted, problem, reader.BehindBytes), ct);
        if (committed is null) return new CrawlPass(false, true, 0, default);
        positions.Clear();
        foreach (var waiter in waiting) waiter.TrySetResult();
        waiting.Clear();
        (committedAt, toldProblem) = (time.GetTimestamp(), problem);
        return new CrawlPass(isBusy, false, committed.Findings, counted.Counts);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var waiter in waiting) waiter.TrySetException(new IOException("The crawl was broken off before this was stored."));
        await reader.DisposeAsync();
    }
}

/// <param name="IsBusy">There is more to read at once.</param>
/// <param name="IsLost">Another process has the source: nothing was written.</param>
/// <param name="Findings">That were written.</param>
/// <param name="Counts">That were written.</param>
public sealed record CrawlPass(bool IsBusy, bool IsLost, int Findings, CrawlCounts Counts);
