using System.Diagnostics;
using Engine.Tasks;

namespace Benchmarks.Queue;

/// <summary>How long an idle engine takes from just before the filing to the start of the handler in another process.</summary>
static class LatencyBenchmark
{
    const int Samples = 300, WarmUp = 30;

    public static async Task<int> RunAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct);
        await using var worker = new OtherEngine(database);
        var elapsed = new List<double>();
        for (var i = -WarmUp; i < Samples; i++)
        {
            var ms = await SampleAsync(engine, i, ct);
            if (i >= 0) elapsed.Add(ms);
            await Task.Delay(TimeSpan.FromMilliseconds(20 + i % 7), ct); // idle again, and not in step with any timer
        }
        elapsed.Sort();
        run.Result(new { what = "latency", p50_ms = At(elapsed, 0.5), p99_ms = At(elapsed, 0.99), max_ms = Math.Round(elapsed[^1], 3), samples = elapsed.Count });
        return 0;
    }

    static async Task<double> SampleAsync(QueueEngine engine, int i, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await engine.FileAsync([new NewTask(StampTask.Kind, $$"""{"i":{{i}}}""")], ct);
        while (true)
        {
            var stamp = await engine.ScalarAsync<long?>("select (result->>'started_at')::bigint from task_attempts where result is not null order by task_id desc limit 1");
            if (stamp > started) return Stopwatch.GetElapsedTime(started, stamp.Value).TotalMilliseconds;
            await Task.Delay(2, ct);
        }
    }

    static double At(List<double> sorted, double share) => Math.Round(sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(sorted.Count * share) - 1)], 3);
}
