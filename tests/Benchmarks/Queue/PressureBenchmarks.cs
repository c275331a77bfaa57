using System.Diagnostics;
using Dapper;
using Engine.Tasks;
using Engine.Workers;

namespace Benchmarks.Queue;

/// <summary>The queue where others slow down: with a forgotten snapshot, with a long backlog, and over a million tasks.</summary>
static class PressureBenchmarks
{
    static readonly TimeSpan Phase = TimeSpan.FromSeconds(30);

    /// <summary>The rate of filing and draining for 30 s, without and with a session that keeps a snapshot open.</summary>
    public static async Task<int> SnapshotAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: true, ct);
        await ChurnAsync(engine, TimeSpan.FromSeconds(5), ct);
        run.Say("without a snapshot …");
        var free = await ChurnAsync(engine, Phase, ct);
        run.Say("with a forgotten snapshot …");
        double held;
        await using (var reader = await engine.Database.OpenConnectionAsync(ct))
        {
            await using var transaction = await reader.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
            await reader.ExecuteAsync("select count(*) from workers", transaction: transaction);
            held = await ChurnAsync(engine, Phase, ct);
        }
        run.Result(new { what = "snapshot", per_second_free = Math.Round(free), per_second_held = Math.Round(held), share = Math.Round(held / free, 3), seconds_each = Phase.TotalSeconds });
        return 0;
    }

    /// <summary>A million tasks wait: how long a claim takes, and how soon a critical task starts.</summary>
    public static async Task<int> BacklogAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        const int Backlog = 1_000_000, Claims = 300, Criticals = 100;
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct);
        run.Say($"filing {Backlog} tasks …");
        await engine.FileAsync(Backlog, ct);
        run.Say("claiming …");
        using var lease = await engine.Get<RegisterWorker>().RunAsync(former: null, ct);
        var claims = new List<double>();
        await using (var exchange = await ExchangeTasks.OpenAsync(engine.Get<Engine.Database.ReservedConnections>(), throughPooler: false, ct))
            for (var i = 0; i < Claims; i++) claims.Add(await ClaimOneAsync(engine, exchange, lease, i, ct));

        run.Say("critical tasks into the backlog …");
        await using var worker = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: true, ct);
        var starts = new List<double>();
        for (var i = 0; i < Criticals; i++) starts.Add(await StartCriticalAsync(worker, i, ct));
        run.Result(new
        {
            what = "backlog", backlog = Backlog, claim_p50_ms = Share(claims, 0.5), claim_p99_ms = Share(claims, 0.99),
            critical_p50_ms = Share(starts, 0.5), critical_p99_ms = Share(starts, 0.99), critical_max_ms = Share(starts, 1),
        });
        return 0;
    }

    /// <summary>Whether memory stays where it is over a million tasks.</summary>
    public static async Task<int> MemoryAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        const int Rounds = 10, Each = 100_000;
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: true, ct);
        var noop = engine.Get<NoopTask>();
        var rss = new List<long>();
        for (var round = 1; round <= Rounds; round++)
        {
            await engine.FileAsync(Each, ct);
            while (noop.Count < round * (long)Each) await Task.Delay(20, ct);
            using var process = Process.GetCurrentProcess();
            rss.Add(process.WorkingSet64 >> 20);
            run.Say($"{round * Each} tasks: {rss[^1]} MB, heap {GC.GetTotalMemory(forceFullCollection: true) >> 20} MB");
        }
        run.Result(new { what = "memory", count = Rounds * Each, rss_mb = rss, heap_mb = GC.GetTotalMemory(forceFullCollection: true) >> 20 });
        return 0;
    }

    /// <summary>Files as fast as it drains, with a bounded backlog; tasks done a second.</summary>
    static async Task<double> ChurnAsync(QueueEngine engine, TimeSpan time, CancellationToken ct)
    {
        const int AtOnce = 5000, Ahead = 20_000;
        var noop = engine.Get<NoopTask>();
        var start = noop.Count;
        var filed = 0L;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time)
        {
            if (filed - (noop.Count - start) > Ahead) await Task.Delay(2, ct);
            else
            {
                await engine.FileAsync(AtOnce, ct);
                filed += AtOnce;
            }
        }
        var rate = (noop.Count - start) / clock.Elapsed.TotalSeconds;
        while (noop.Count - start < filed) await Task.Delay(5, ct);
        return rate;
    }

    static async Task<double> ClaimOneAsync(QueueEngine engine, ExchangeTasks exchange, WorkerLease lease, int turn, CancellationToken ct)
    {
        var lanes = await engine.Get<TaskLanes>().RefreshAsync(ct);
        var now = engine.Get<TimeProvider>().GetUtcNow();
        var asked = ChooseLanes.Decide(lanes, engine.Get<WorkerParts>().Abilities, new Dictionary<int, long>(), 10, new Dictionary<string, int>(), true, turn, now);
        var clock = Stopwatch.StartNew();
        var claimed = await exchange.RunAsync([], new AskedClaim(lease.WorkerId, 0, 10, asked), now, ct);
        var ms = clock.Elapsed.TotalMilliseconds;
        return claimed.Claimed.Count == 10 ? ms : throw new InvalidOperationException($"claimed {claimed.Claimed.Count} of 10");
    }

    static async Task<double> StartCriticalAsync(QueueEngine engine, int i, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var filing = await engine.File.RunAsync([new NewTask(StampTask.Kind, $$"""{"i":{{i}}}""") { Priority = TaskPriority.Critical }], "benchmark", ct);
        var taskId = ((Filing.Done)filing).Tasks[0].TaskId;
        while (true)
        {
            if (await engine.ScalarAsync<long?>($"select (result->>'started_at')::bigint from task_attempts where task_id = '{taskId}' and result is not null") is { } stamp)
                return Stopwatch.GetElapsedTime(started, stamp).TotalMilliseconds;
            await Task.Delay(5, ct);
        }
    }

    static double Share(List<double> samples, double share)
    {
        var sorted = samples.Order().ToArray();
        return Math.Round(sorted[(int)Math.Min(sorted.Length - 1, Math.Max(0, Math.Ceiling(sorted.Length * share) - 1))], 3);
    }
}
