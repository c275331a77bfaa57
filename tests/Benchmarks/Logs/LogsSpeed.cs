using System.Diagnostics;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Support;

namespace Benchmarks.Logs;

/// <summary>Lines a second on one core through unwrapping, assembly and fingerprint, from a file of a million real lines whose numbers change.</summary>
static class LogsSpeed
{
    const int Lines = 1_000_000, Runs = 5;

    public static bool Run(BenchmarkRun run, string loghub, CancellationToken ct)
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.Path, "million.log");
        new LogsFile(loghub).Write(file, Lines);
        var isRight = true;
        var measured = new List<(double PerSecond, double PerCoreSecond, double MbPerSecond, int Groups)>();
        for (var i = 0; i < Runs; i++)
        {
            ct.ThrowIfCancellationRequested();
            var counts = new Dictionary<string, long>();
            var (clock, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            Read(file, counts);
            var seconds = clock.Elapsed.TotalSeconds;
            var coreSeconds = (Environment.CpuUsage.TotalTime - used).TotalSeconds; // what others take of the machine is not in it
            measured.Add((Lines / seconds, Lines / coreSeconds, new FileInfo(file).Length / 1e6 / seconds, counts.Count));
            isRight &= counts.Values.Sum() == Lines;
        }
        var median = measured.OrderBy(m => m.PerCoreSecond).ElementAt(Runs / 2);
        run.Say($"speed: {median.PerCoreSecond:0} lines/s of a core, {median.PerSecond:0} lines/s by the clock, {median.MbPerSecond:0} MB/s, {median.Groups} fingerprints; all runs {string.Join(", ", measured.Select(m => $"{m.PerCoreSecond:0}"))}{(isRight ? "" : "; lines are missing")}");
        run.Result(new { what = "fingerprint", lines_per_second = Math.Round(median.PerSecond), lines_per_core_second = Math.Round(median.PerCoreSecond), mb_per_second = Math.Round(median.MbPerSecond, 1), groups = median.Groups, rss_mb = Environment.WorkingSet >> 20 });
        return isRight;
    }

    static void Read(string file, Dictionary<string, long> counts)
    {
        var fingerprint = new FingerprintEvent();
        var assemble = new AssembleEvents((in AssembledEvent e) =>
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, fingerprint.Run(e).Key, out _) += e.Lines.Length;
        });
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var reader = new LineReader(stream);
        for (var number = 1L; reader.TryRead(out var line); number++) assemble.Add(line, number);
        assemble.Flush();
    }
}
