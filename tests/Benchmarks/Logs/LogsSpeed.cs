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
        Write(file, [.. new[] { "HDFS", "Linux" }.SelectMany(set => File.ReadLines(Path.Combine(loghub, set, $"{set}_2k.log")))]);
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

    // Digits behind the header change, so that no line comes twice.
    static void Write(string file, string[] samples)
    {
        var random = new Random(1);
        var starts = samples.Select(s => ReadHeader.Of(System.Text.Encoding.UTF8.GetBytes(s)).MessageStart).ToArray();
        using var writer = new StreamWriter(file);
        for (var i = 0; i < Lines; i++)
        {
            var line = samples[i % samples.Length].ToCharArray();
            for (var at = starts[i % samples.Length]; at < line.Length; at++)
                if (line[at] is >= '1' and <= '9') line[at] = (char)('1' + random.Next(9));
            writer.Write(line);
            writer.Write('\n');
        }
    }
}
