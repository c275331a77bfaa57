using System.Diagnostics;
using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;

namespace Crawlers.Tests.Logs.Events;

/// <summary>Nothing in a log stops the crawler, costs memory without bound, or time that grows faster than the text.</summary>
public sealed class BadInputTests
{
    [Fact]
    public void A_line_of_ten_megabytes_is_cut_and_what_was_dropped_is_counted()
    {
        var log = new MemoryStream();
        log.Write("2026-03-01 09:00:00 ERROR before\n"u8);
        log.Write(Encoding.ASCII.GetBytes(new string('x', 10_000_000)));
        log.Write("\n2026-03-01 09:00:00 ERROR after"u8);
        log.Position = 0;
        var reader = new LineReader(log);
        var lengths = new List<int>();
        while (reader.TryRead(out var line)) lengths.Add(line.Length);

        Assert.Equal([32, LineReader.DefaultMaxLineBytes, 31], lengths);
        Assert.Equal(10_000_000 - LineReader.DefaultMaxLineBytes, reader.DroppedBytes);
    }

    [Theory]
    [InlineData("a\nb", 2)]
    [InlineData("a\r\nb\r\n", 2)]
    [InlineData("\n\n", 2)]
    [InlineData("", 0)]
    public void The_last_line_may_lack_its_end(string text, int lines)
    {
        var reader = new LineReader(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        var count = 0;
        while (reader.TryRead(out _)) count++;

        Assert.Equal(lines, count);
    }

    [Fact]
    public void Bytes_by_chance_are_events_like_others()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var bytes = new byte[random.Next(1, 4000)];
            random.NextBytes(bytes);
            var run = FingerprintRun.Of(new MemoryStream(bytes), LogFormat.Auto, CancellationToken.None);
            var again = FingerprintRun.Of(new MemoryStream(bytes), LogFormat.Auto, CancellationToken.None);

            Assert.Equal(run.Events().Select(e => e.Fingerprint.Key), again.Events().Select(e => e.Fingerprint.Key));
        }
    }

    [Fact]
    public void Lines_cut_and_mixed_at_any_place_are_events_like_others()
    {
        string[] pieces = ["2026-03-01 09:00:00", " ERROR", " [", "]", "(", "{\"log\":\"", "\\n\"}", "Traceback (most recent call last):\n", "  File \"", "at a.b(", "\tat ", "panic: ", "\n", "'", "\"", "<", "0x", "::", "://", "/", "|", "=", " - ", "x", "1",
            "Caused by: ", "---> ", "goroutine 1 [running]:\n", "\t/a.go:1 +0x1", "  | ", "+-+", ".", "..", "é", "\0", "\e[", "Jan  1 00:00:00 h ", "a[1]: ", ":in `x'", "3: std::x", "thread 'main' panicked at '", "msg=", "level="];
        var random = new Random(3);
        for (var round = 0; round < 3000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => pieces[random.Next(pieces.Length)]));

            Assert.NotNull(new FingerprintEvent().Run(text).Key);
            Assert.NotNull(ExplainEvent.Run(text));
        }
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[a ")]
    [InlineData("a.")]
    [InlineData("1:")]
    [InlineData("'a ")]
    [InlineData("a=")]
    [InlineData("/a")]
    [InlineData("a@b.")]
    [InlineData("{\"a\":")]
    [InlineData("at a.b(")]
    [InlineData("a:in '")]
    [InlineData("Caused by: A: ")]
    public void Time_grows_no_faster_than_the_text(string piece)
    {
        var once = Measure(string.Concat(Enumerable.Repeat(piece, 2_000)));
        var tenTimes = Measure(string.Concat(Enumerable.Repeat(piece, 20_000)));

        Assert.True(tenTimes < TimeSpan.FromMilliseconds(250) || tenTimes < once * 60, $"{once} and, for ten times the text, {tenTimes}");

        static TimeSpan Measure(string line)
        {
            var bytes = Encoding.UTF8.GetBytes($"{line}\n    at x\n{line}\n");
            var best = TimeSpan.MaxValue;
            for (var i = 0; i < 3; i++)
            {
                var clock = Stopwatch.StartNew();
                FingerprintRun.Of(new MemoryStream(bytes), LogFormat.Auto, CancellationToken.None);
                if (clock.Elapsed < best) best = clock.Elapsed;
            }
            return best;
        }
    }
}
