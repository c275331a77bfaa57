using System.Diagnostics;
using System.Text;
using Crawlers.Logs.Redaction;

namespace Benchmarks.Logs;

/// <summary>How long redaction takes for texts that are made to hold it up, and how that grows: eight times the text shall take about eight times as long, not 64 times.</summary>
static class LogsRedaction
{
    const int Small = 16 * 1024, Large = 8 * Small, Runs = 7;

    public static void Run(BenchmarkRun run, CancellationToken ct)
    {
        string[] pieces =
        [
            "password", "password=\"", "password: ", "token:", "token: token: ", "sk-", "eyJ", "eyJa.", "ghp_", "://", "x://a:b/", "@", "a@", "a.", "cookie: ", "cookie=\"", "authorization: ", "authorization=\"", "bearer ", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----",
            "1", "1 ", "4111 ", "+1", "+1 (", "DE89", "AKIA", "AKIAQ3EGNHF7XWT2ZJ5K ", "[redacted:", "[redacted:mail]", "\\\"", "\\", "<password>", "<password x", "password,", "\"password\",\"", "%40", "--password ", "SG.a.", ":AA", "SK0", "'key' value ", "xoxb-", "a", " ", "key=[\"a\",", "password=a,", "secret[", "password='",
        ];
        foreach (var piece in pieces) Least(piece, Small);
        var measured = new List<(string Piece, double Ms, double Growth)>();
        foreach (var piece in pieces)
        {
            ct.ThrowIfCancellationRequested();
            var (small, large) = (Least(piece, Small), Least(piece, Large));
            measured.Add((piece, large.TotalMilliseconds, large / small));
        }
        foreach (var (piece, ms, growth) in measured.OrderByDescending(m => m.Ms).Take(5)) run.Say($"redact {piece.ReplaceLineEndings(" "),-32} {ms,8:0.00} ms for {Large >> 10} KiB, {growth:0.0} times as long as {Small >> 10} KiB");
        var slowest = measured.MaxBy(m => m.Ms);
        run.Result(new { what = "redact", slowest = slowest.Piece, ms_of_128_kib = Math.Round(slowest.Ms, 2), growth = Math.Round(slowest.Growth, 1), median_ms = Math.Round(measured.OrderBy(m => m.Ms).ElementAt(measured.Count / 2).Ms, 2) });
    }

    static TimeSpan Least(string piece, int bytes)
    {
        var text = new StringBuilder(bytes + 64).Insert(0, piece, bytes / piece.Length).ToString();
        return Enumerable.Range(0, Runs).Min(_ =>
        {
            var watch = Stopwatch.StartNew();
            RedactText.Run(text);
            return watch.Elapsed;
        });
    }
}
