using System.Diagnostics;
using System.Text.Json.Nodes;
using Support;

namespace Benchmarks.Logs;

/// <summary>Lines a second from a file into the database, by an engine of its own process: every event counted, and errors alone as the engine comes.</summary>
static class LogsCrawl
{
    const int WarmUp = 1_000_000, Lines = 4_000_000, Runs = 3;

    public static async Task<bool> RunAsync(BenchmarkRun run, string loghub, CancellationToken ct)
    {
        using var files = new TempFolder();
        var (first, second) = (Path.Combine(files.Path, "first"), Path.Combine(files.Path, "second"));
        var lines = new LogsFile(loghub);
        lines.Write(first, WarmUp);
        lines.Write(second, Lines);
        var isRight = true;
        foreach (var level in new[] { "unknown", "error" })
        {
            var measured = new List<(double PerSecond, double CpuSeconds)>();
            var (errors, stored) = (0L, 0L);
            for (var i = 0; i < Runs; i++)
            {
                await using var engine = new LogsEngine();
                await engine.StartAsync();
                var folder = Path.Combine(files.Path, $"{level}{i}");
                Directory.CreateDirectory(folder);
                File.CreateSymbolicLink(Path.Combine(folder, "first.log"), first);
                await engine.PutSourceAsync("million", new JsonObject { ["paths"] = new JsonArray(Path.Combine(folder, "*.log")), ["count_from"] = level });
                await engine.ReadAsync("million", WarmUp, ct); // an engine that runs around the clock is compiled
                using var process = Process.GetProcessById(engine.ProcessId);
                var used = process.TotalProcessorTime;
                File.CreateSymbolicLink(Path.Combine(folder, "second.log"), second);
                var clock = Stopwatch.StartNew();
                await engine.ReadAsync("million", WarmUp + Lines, ct);
                var seconds = clock.Elapsed.TotalSeconds;
                process.Refresh();
                measured.Add((Lines / seconds, (process.TotalProcessorTime - used).TotalSeconds));
                await Task.Delay(TimeSpan.FromSeconds(3), ct); // what is open is completed by silence
                errors = (await engine.SourceAsync("million")).GetProperty("errors").GetInt64();
                stored = long.Parse((await engine.QueryAsync("select sum(count)::bigint from error_fingerprints"))[0], System.Globalization.CultureInfo.InvariantCulture);
                isRight &= errors == stored && (level == "error" || stored == WarmUp + Lines);
            }
            var median = measured.OrderBy(m => m.PerSecond).ElementAt(Runs / 2);
            run.Say($"crawl from {level}: {median.PerSecond:0} lines/s by the clock from when the file is there, {median.CpuSeconds:0.00} s of a core, {stored} of {errors} counted; all runs {string.Join(", ", measured.Select(m => $"{m.PerSecond:0}"))}");
            run.Result(new { what = "crawl", count_from = level, lines_per_second = Math.Round(median.PerSecond), cpu_seconds = Math.Round(median.CpuSeconds, 2), counted = stored });
        }
        return isRight;
    }
}
