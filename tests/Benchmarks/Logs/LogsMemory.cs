using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;

namespace Benchmarks.Logs;

/// <summary>Memory over ten million lines with a hundred thousand different messages.</summary>
static class LogsMemory
{
    const int Distinct = 100_000, Rounds = 100;

    public static bool Run(BenchmarkRun run, CancellationToken ct)
    {
        GC.Collect();
        var lines = Lines();
        var counts = new Dictionary<string, long>();
        var fingerprint = new FingerprintEvent();
        var assemble = new AssembleEvents((in AssembledEvent e) => System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, fingerprint.Run(e).Key, out _)++);
        long number = 0, early = 0, most = 0;
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var reader = new LineReader(new MemoryStream(lines));
            while (reader.TryRead(out var line)) assemble.Add(line, ++number);
            most = Math.Max(most, Environment.WorkingSet >> 20);
            if (round == Rounds / 10) early = most;
        }
        assemble.Flush();
        var isRight = counts.Values.Sum() == (long)Distinct * Rounds && counts.Count == Distinct;
        run.Say($"memory: {number} lines, {counts.Count} different messages, {early} MB after a tenth, {most} MB at most, of them {lines.Length >> 20} MB the lines themselves");
        run.Result(new { what = "memory", lines = number, groups = counts.Count, rss_mb_early = early, rss_mb = most });
        return isRight;
    }

    // Different words of letters alone: nothing in them is a value.
    static byte[] Lines()
    {
        var text = new MemoryStream();
        for (var i = 0; i < Distinct; i++) text.Write(Encoding.ASCII.GetBytes($"2026-03-01 09:00:00.{i % 1000:000} ERROR [worker-{i % 16}] shop.Orders - could not reach {Word(i)} because the {Word(i * 7)} of it is gone after {i % 977} ms\n"));
        return text.ToArray();
    }

    static string Word(int number)
    {
        var word = new StringBuilder("qu");
        for (var n = number + 1; n > 0; n /= 20) word.Append("bdklmnprstvwzghjqxyu"[n % 20]).Append('o');
        return word.ToString();
    }
}
