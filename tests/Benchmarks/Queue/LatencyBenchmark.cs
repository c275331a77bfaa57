using System.Diagnostics;
using Engine.Tasks;

namespace Benchmarks.Queue;

/// <summary>
/// How long an idle engine takes from just before the filing to the start of the handler in another process. Two commits are on that way, the
/// filing's and the claim's, so what one costs here is measured beside it.
/// </summary>
static class LatencyBenchmark
{
    const int Samples = 300, WarmUp = 30;

    /// <summary>Until nearly all have begun: looking for it any sooner would take from what is measured, where there are two cores for everything.</summary>
    static readonly TimeSpan Undisturbed = TimeSpan.FromMilliseconds(15);

    public static async Task<int> RunAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct);
        await using var worker = new OtherEngine(database);
        var (elapsed, commits) = (new List<double>(), new List<double>());
        for (var i = -WarmUp; i < Samples; i++)
        {
            var ms = await SampleAsync(engine, i, ct);
            if (i >= 0) elapsed.Add(ms);
            await Task.Delay(TimeSpan.FromMilliseconds(20 + i % 7), ct); // idle again, and not in step with any timer
            var started = Stopwatch.GetTimestamp();
            await engine.ScalarAsync<string>("select pg_logical_emit_message(true, 'benchmark', 'x')::text");
            if (i >= 0) commits.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(TimeSpan.FromMilliseconds(10), ct);
        }
        elapsed.Sort();
        commits.Sort();
        run.Result(new
        {
            what = "latency", p50_ms = At(elapsed, 0.5), p99_ms = At(elapsed, 0.99), max_ms = Math.Round(elapsed[^1], 3), samples = elapsed.Count,
            commit_p50_ms = At(commits, 0.5), commit_p99_ms = At(commits, 0.99),
        });
        return 0;
    }

    static async Task<double> SampleAsync(QueueEngine engine, int i, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await engine.FileAsync([new NewTask(StampTask.Kind, $$"""{"i":{{i}}}""")], ct);
        await Task.Delay(Undisturbed, ct);
        while (true)
        {
            var stamp = await engine.ScalarAsync<long?>("select (result->>'started_at')::bigint from task_attempts where result is not null order by task_id desc limit 1");
            if (stamp > started) return Stopwatch.GetElapsedTime(started, stamp.Value).TotalMilliseconds;
            await Task.Delay(2, ct);
        }
    }

    static double At(List<double> sorted, double share) => Math.Round(sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(sorted.Count * share) - 1)], 3);
}
