using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Support;

namespace Benchmarks;

/// <summary>What the bare host costs: start to ready, memory and processor at rest, and the rate of a trivial authenticated GET.</summary>
static partial class HostBenchmark
{
    const int Starts = 3;
    const int Connections = 32;
    static readonly TimeSpan Settle = TimeSpan.FromSeconds(30); // the runtime recompiles what a start has used
    static readonly TimeSpan Rest = TimeSpan.FromSeconds(8);
    static readonly TimeSpan Load = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        if (run.Arguments.Count > 0)
        {
            run.Say($"host takes no options, got {string.Join(' ', run.Arguments)}");
            return 2;
        }
        using var data = new TempFolder();
        run.Result(new { what = "start_first", seconds = await TimeStartAsync(data.Path, ct) });
        var starts = new List<double>();
        for (var i = 0; i < Starts; i++) starts.Add(await TimeStartAsync(data.Path, ct));
        run.Result(new { what = "start_existing", seconds = starts.Order().ElementAt(Starts / 2), all = starts });

        await using var engine = await EngineProcess.StartAsync(data.Path, new Dictionary<string, string>
        {
            // The limit protects a shared engine; here the one caller is the load.
            ["ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN"] = "1000000",
        });
        run.Say($"{Settle.TotalSeconds:0} s to settle, {Rest.TotalSeconds:0} s at rest …");
        await Task.Delay(Settle, ct);
        var before = ProcessorTime(engine.ProcessId);
        await Task.Delay(Rest, ct);
        var processor = (ProcessorTime(engine.ProcessId) - before) / Rest;
        run.Result(new { what = "idle", rss_mb = MemoryMb(engine.ProcessId), cpu_percent_of_a_core = Math.Round(processor * 100, 2), seconds = Rest.TotalSeconds });

        run.Say($"GET /api/status over {Connections} connections for {Load.TotalSeconds:0} s, after a warm-up …");
        await LoadAsync(engine, TimeSpan.FromSeconds(2), ct);
        var (perSecond, p50, p99, failed) = await LoadAsync(engine, Load, ct);
        run.Result(new { what = "get", per_second = perSecond, p50_ms = p50, p99_ms = p99, connections = Connections, failed, rss_mb = MemoryMb(engine.ProcessId) });
        return failed == 0 ? 0 : 1;
    }

    static async Task<double> TimeStartAsync(string folder, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var clock = Stopwatch.StartNew();
        await using var engine = await EngineProcess.StartAsync(folder);
        return Math.Round(clock.Elapsed.TotalSeconds, 3);
    }

    static async Task<(double PerSecond, double P50Ms, double P99Ms, long Failed)> LoadAsync(EngineProcess engine, TimeSpan time, CancellationToken ct)
    {
        using var wrk = RunningProgram.Start("wrk", ["--latency", "-t", "1", "-c", $"{Connections}", "-d", $"{time.TotalSeconds:0}s",
            "-H", $"Authorization: Bearer {engine.AdminToken}", new Uri(engine.Url, "/api/status").ToString()]);
        using var stop = ct.Register(() => wrk.Signal("TERM"));
        var output = (await wrk.EndAsync(time + TimeSpan.FromSeconds(20))).Output;
        ct.ThrowIfCancellationRequested();
        return (Number(Rate(), output), Milliseconds(P50(), output), Milliseconds(P99(), output), (long)Number(Failures(), output));
    }

    static double Number(Regex pattern, string output) =>
        pattern.Match(output) is { Success: true } match ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    static double Milliseconds(Regex pattern, string output)
    {
        var match = pattern.Match(output);
        var value = double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return Math.Round(match.Groups[2].Value switch { "us" => value / 1000, "s" => value * 1000, _ => value }, 3);
    }

    static TimeSpan ProcessorTime(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime;
    }

    static long MemoryMb(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.WorkingSet64 >> 20;
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"50%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex P50();

    [GeneratedRegex(@"99%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex P99();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Failures();
}
