using System.Diagnostics;
using System.Globalization;
using Engine.Tasks;

namespace Benchmarks.Queue;

/// <summary>The task queue from the outside: how fast it drains, files and starts, and whether a late success is refused.</summary>
static class QueueBenchmark
{
    const int Callers = 8;

    /// <summary>So many tasks let the runtime compile what is hot; an engine that runs around the clock has long done that.</summary>
    const int WarmUp = 40_000;

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var settings = run.Arguments is ["--tuned"] ? QueueEngine.Tuned : QueueEngine.Default;
        if (run.Arguments.Count > 0 && settings == QueueEngine.Default) return Misuse(run, $"queue takes --tuned only, got {string.Join(' ', run.Arguments)}");
        var what = Environment.GetEnvironmentVariable("WHAT") is { Length: > 0 } named ? named : "drain";
        if (!int.TryParse(Environment.GetEnvironmentVariable("BENCH_COUNT") ?? "20000", NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1)
            return Misuse(run, "BENCH_COUNT wants a number above 0");

        await using var database = await QueueDatabase.OpenAsync(run, ct);
        return what switch
        {
            "drain" => await DrainAsync(run, database, settings, count, ct),
            "single-enqueue" => await SingleEnqueueAsync(run, database, settings, count, ct),
            "bulk-enqueue" => await BulkEnqueueAsync(run, database, settings, count, ct),
            "latency" => await LatencyBenchmark.RunAsync(run, database, ct),
            "storm" => await StormBenchmark.RunAsync(run, database, ct),
            "fence" => await FenceBenchmark.RunAsync(run, database, ct),
            "snapshot" => await PressureBenchmarks.SnapshotAsync(run, database, ct),
            "backlog" => await PressureBenchmarks.BacklogAsync(run, database, ct),
            "memory" => await PressureBenchmarks.MemoryAsync(run, database, ct),
            _ => Misuse(run, $"WHAT is drain, single-enqueue, bulk-enqueue, latency, storm, fence, snapshot, backlog or memory, not \"{what}\""),
        };
    }

    static async Task<int> DrainAsync(BenchmarkRun run, QueueDatabase database, string settings, int count, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, settings, runsTasks: true, ct);
        run.Say($"warming up with {WarmUp} tasks …");
        for (var filed = 0; filed < WarmUp; filed += WarmUp / 4)
        {
            await engine.FileAsync(WarmUp / 4, ct);
            await EmptyAsync(engine, filed + WarmUp / 4, ct);
        }
        await engine.SetModeAsync("paused");
        run.Say($"filing {count} tasks …");
        var before = await engine.ScalarAsync<long>("select count(*) from task_attempts where final_state = 'succeeded'");
        await engine.FileAsync(count, ct);
        var wal = await engine.ScalarAsync<string>("select pg_current_wal_lsn()::text");
        run.Say("draining …");
        using var process = Process.GetCurrentProcess();
        var processor = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await engine.SetModeAsync("running");
        await EmptyAsync(engine, WarmUp + count, ct);
        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        processor = process.TotalProcessorTime - processor;

        var done = await engine.ScalarAsync<long>("select count(*) from task_attempts where final_state = 'succeeded'") - before;
        var tasks = await engine.ScalarAsync<long>("select count(distinct task_id) from task_attempts where final_state = 'succeeded'") - before;
        var walBytes = await engine.ScalarAsync<decimal>($"select pg_wal_lsn_diff(pg_current_wal_lsn(), '{wal}')");
        run.Result(new { what = "drain", settings, count, seconds = Math.Round(seconds, 3), per_second = Math.Round(count / seconds), wal_bytes_per_task = Math.Round(walBytes / count), engine_cpu_us_per_task = Math.Round(processor.TotalMicroseconds / count, 2), rss_mb = process.WorkingSet64 >> 20 });
        if (done == count && tasks == count) return 0;
        run.Say($"wrong: {done} successes of {tasks} tasks, filed {count}");
        return 1;
    }

    static async Task<int> SingleEnqueueAsync(BenchmarkRun run, QueueDatabase database, string settings, int count, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, settings, runsTasks: false, ct);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(c => FileOneByOneAsync(engine, 50, ct)));
        var before = await engine.ScalarAsync<long>("select count(*) from task_ready");
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(c => FileOneByOneAsync(engine, count / Callers, ct)));
        var seconds = clock.Elapsed.TotalSeconds;
        var filed = await engine.ScalarAsync<long>("select count(*) from task_ready") - before;
        run.Result(new { what = "single-enqueue", settings, count = filed, seconds = Math.Round(seconds, 3), per_second = Math.Round(filed / seconds), callers = Callers });
        return filed == count / Callers * Callers ? 0 : 1;
    }

    static async Task<int> BulkEnqueueAsync(BenchmarkRun run, QueueDatabase database, string settings, int count, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, settings, runsTasks: false, ct);
        await engine.FileAsync(5000, ct);
        var before = await engine.ScalarAsync<long>("select count(*) from task_ready");
        var clock = Stopwatch.StartNew();
        await engine.FileAsync(count, ct);
        var seconds = clock.Elapsed.TotalSeconds;
        var filed = await engine.ScalarAsync<long>("select count(*) from task_ready") - before;
        run.Result(new { what = "bulk-enqueue", settings, count, seconds = Math.Round(seconds, 3), per_second = Math.Round(count / seconds) });
        return filed == count ? 0 : 1;
    }

    static async Task FileOneByOneAsync(QueueEngine engine, int count, CancellationToken ct)
    {
        for (var i = 0; i < count; i++) await engine.FileAsync([new NewTask(NoopTask.Kind, $$"""{"i":{{i}}}""")], ct);
    }

    /// <summary>Until nothing is ready and nothing is leased: every task is durably complete.</summary>
    /// <param name="filed">How many tasks the engine was given since it began: each runs once at least.</param>
    static async Task EmptyAsync(QueueEngine engine, int filed, CancellationToken ct)
    {
        var noop = engine.Get<NoopTask>();
        while (noop.Count < filed) await Task.Delay(1, ct); // no look at the database while it is busiest
        while (await engine.ScalarAsync<bool>("select exists (select from task_leases) or exists (select from task_ready)")) await Task.Delay(2, ct);
    }

    static int Misuse(BenchmarkRun run, string problem)
    {
        run.Say(problem);
        return 2;
    }
}
