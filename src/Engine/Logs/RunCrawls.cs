using System.Collections.Concurrent;
using Crawlers.Logs.Counting;
using Crawlers.Logs.Groups;
using Engine.Workers;

namespace Engine.Logs;

/// <summary>Reads every log source that is on and free, each in a loop of its own; what breaks off begins anew where it was stored last.</summary>
public sealed class RunCrawls(ListSources list, TakeSource take, OpenReader open, CommitCrawl commit, KnownErrors known, LearnGroups learn, CarryOver carryOver, FileFindings file, LogsMetrics metrics, LogsSettings settings,
    TimeProvider time, ILogger<RunCrawls> log) : BackgroundService
{
    const int MostKnown = 200_000;
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2), Idle = TimeSpan.FromMilliseconds(250), AfterFailure = TimeSpan.FromSeconds(1), LeaveWithin = TimeSpan.FromSeconds(3);

    readonly Dictionary<int, (ListedSource Source, Task Run, CancellationTokenSource Stop)> running = [];
    readonly ConcurrentDictionary<int, string> told = new();
    readonly AsyncSignal signal = new();
    bool isFailing, hasLearned;

    /// <summary>A source was changed.</summary>
    public void Wake() => signal.Set();

    /// <summary>Begins what is on and stops what is off or was changed.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        var wanted = (await list.RunAsync(ct)).Where(s => s.IsEnabled && s.Kind != "stdin" && (s.Settings.Host is null || s.Settings.Host == Environment.MachineName)).ToDictionary(s => s.SourceId);
        if (!hasLearned) await carryOver.RunAsync(ct);
        if (!hasLearned) await learn.ReadAsync(ct);
        if (!hasLearned) known.Add(await learn.ReadKeysAsync(MostKnown, ct));
        hasLearned = true;
        foreach (var (sourceId, (source, run, stop)) in running.ToList())
        {
            if (wanted.TryGetValue(sourceId, out var now) && now.ChangedAt == source.ChangedAt && !run.IsCompleted) continue;
            await stop.CancelAsync();
            await run;
            stop.Dispose();
            running.Remove(sourceId);
        }
        foreach (var source in wanted.Values.Where(s => !running.ContainsKey(s.SourceId)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            running[source.SourceId] = (source, Task.Run(() => CrawlAsync(source, stop.Token), CancellationToken.None), stop);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Crawl) return;
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.SourcesUnreadable(e);
                isFailing = true;
            }
            catch (OperationCanceledException)
            {
                break;
            }
            await signal.WaitAsync(LookEvery, time, stoppingToken);
        }
        await Task.WhenAll(running.Values.Select(r => r.Run));
    }

    /// <summary>Until the source is taken away or the token fires.</summary>
    async Task CrawlAsync(ListedSource source, CancellationToken ct)
    {
        try
        {
            var isShared = source.Kind == "otlp";
            var taken = isShared ? await take.ShareAsync(source.SourceId, ct) : await take.RunAsync(source.SourceId, ct);
            if (taken is null) return; // another process reads it
            try
            {
                await ReadAsync(source, taken, ct);
            }
            finally
            {
                if (taken.Epoch is { } epoch) await LeaveAsync(source.SourceId, epoch);
            }
        }
        catch (UnusableSourceException e)
        {
            if (told.GetValueOrDefault(source.SourceId) != e.Message) log.SourceUnusable(source.Name, e.Message);
            told[source.SourceId] = e.Message;
            await take.TellAsync(source.SourceId, e.Message, CancellationToken.None);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            log.CrawlFailed(e, source.Name);
            await Task.Delay(AfterFailure, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // The engine stops, or the source was changed.
        }
    }

    async Task ReadAsync(ListedSource source, TakenSource taken, CancellationToken ct)
    {
        await using var crawl = new CrawlSource(source.SourceId, source.Name, taken, open.Run(source, taken.Positions), source.Settings.Counting(settings.KeepEventsDays > 0), known, commit, time);
        log.CrawlBegan(source.Name, source.Kind);
        while (!ct.IsCancellationRequested)
        {
            var pass = await crawl.RunOnceAsync(ct);
            metrics.Committed(source.Name, pass.Counts, pass.Findings);
            if (pass.Findings > 0) file.Wake();
            if (pass.IsLost) log.CrawlLost(source.Name);
            if (pass.IsLost) return;
            if (!pass.IsBusy) await open.WaitAsync(source, Idle, ct);
        }
    }

    async Task LeaveAsync(int sourceId, long epoch)
    {
        try
        {
            using var patience = new CancellationTokenSource(LeaveWithin, time);
            await take.LeaveAsync(sourceId, epoch, patience.Token);
        }
        catch (Exception) when (!Environment.HasShutdownStarted)
        {
            // Others take it when its lease is over.
        }
    }
}
