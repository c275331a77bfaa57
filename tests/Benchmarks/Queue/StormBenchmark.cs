using System.Diagnostics;
using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Benchmarks.Queue;

/// <summary>How long a filing takes while nothing else goes on, and in a storm of notifications with a listener that takes none of them.</summary>
static class StormBenchmark
{
    const int Rounds = 4, AtOnce = 200;
    static readonly TimeSpan Phase = TimeSpan.FromSeconds(4), Every = TimeSpan.FromMilliseconds(20), Pause = TimeSpan.FromMilliseconds(4);

    const string StormSql = "select count(pg_notify('engine_tasks', case n % 3 when 0 then n::text when 1 then 'x' || n else (1000000 + n)::text end)) from generate_series(1, @AtOnce) n";

    public static async Task<int> RunAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct);
        await using var worker = new OtherEngine(database);
        await using var sessions = NpgsqlDataSource.Create(database.Engine);
        await using var stuck = await sessions.OpenConnectionAsync(ct);
        await stuck.ExecuteAsync("listen engine_tasks");
        var (quiet, stormy, told, seconds) = (new List<double>(), new List<double>(), 0L, 0.0);
        await FileAsync(engine, [], ct);
        for (var round = 0; round < Rounds; round++)
        {
            run.Say($"round {round + 1} of {Rounds}: without, then with a storm …");
            await FileAsync(engine, quiet, ct);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var clock = Stopwatch.StartNew();
            var storm = Task.Run(() => StormAsync(sessions, over.Token), ct);
            await FileAsync(engine, stormy, ct);
            await over.CancelAsync();
            told += await storm;
            seconds += clock.Elapsed.TotalSeconds;
        }
        while (await engine.ScalarAsync<bool>("select exists (select from task_leases) or exists (select from task_ready)")) await Task.Delay(5, ct);
        var (filed, done) = (await engine.ScalarAsync<long>("select count(*) from tasks"), await engine.ScalarAsync<long>("select count(*) from task_attempts where outcome = 'succeeded'"));
        run.Result(new
        {
            what = "storm", enqueue_p50_ms = Share(quiet, 0.5), enqueue_p99_ms = Share(quiet, 0.99), storm_p50_ms = Share(stormy, 0.5), storm_p99_ms = Share(stormy, 0.99),
            notifications_per_second = Math.Round(told / seconds), samples = quiet.Count + stormy.Count,
        });
        return filed == done ? 0 : 1;
    }

    /// <summary>One task after the other for a while.</summary>
    static async Task FileAsync(QueueEngine engine, List<double> took, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Phase)
        {
            var started = Stopwatch.GetTimestamp();
            await engine.FileAsync([new NewTask(NoopTask.Kind, """{"i":1}""")], ct);
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(Pause, ct);
        }
    }

    /// <returns>How many were sent.</returns>
    static async Task<long> StormAsync(NpgsqlDataSource sessions, CancellationToken ct)
    {
        await using var connection = await sessions.OpenConnectionAsync(CancellationToken.None);
        var told = 0L;
        while (!ct.IsCancellationRequested)
        {
            told += await connection.ExecuteScalarAsync<long>(StormSql, new { AtOnce });
            await Task.Delay(Every, CancellationToken.None);
        }
        return told;
    }

    static double Share(List<double> samples, double share)
    {
        var sorted = samples.Order().ToArray();
        return Math.Round(sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(sorted.Length * share) - 1)], 3);
    }
}
