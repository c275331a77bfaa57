using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Sources;

namespace Crawlers.Tests.Logs.Sources;

public sealed class StreamLogReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task However_it_comes_it_is_given_in_whole_lines(int blockBytes)
    {
        const string Text = "one\ntwo\r\n\nthree is \0 longer\nfour has no end";

        var (lines, dropped) = await ReadAsync(Encoding.UTF8.GetBytes(Text), blockBytes);

        Assert.Equal(("one\ntwo\r\n\nthree is \0 longer\nfour has no end\n", 0L), (lines, dropped));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public async Task Of_a_line_without_end_the_beginning_is_kept_and_the_rest_counted(int blockBytes)
    {
        var endless = new string('x', 500_000);

        var (lines, dropped) = await ReadAsync(Encoding.UTF8.GetBytes($"a\n{endless}\nb\n{endless}"), blockBytes);

        Assert.Equal(1_000_006, lines.Length + dropped);
        Assert.All(lines.Split('\n').Where(l => l.StartsWith('x')), l => Assert.True(l.Length >= LineReader.DefaultMaxLineBytes));
        Assert.Equal(["a", "b"], lines.Split('\n').Where(l => l.Length == 1));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_says_so_and_gives_what_it_had()
    {
        await using var reader = new StreamLogReader(new Broken(), "pipe", new LogLabels(), TimeProvider.System);
        var lines = new StringBuilder();
        while (!reader.IsEnded) await TakeAsync(reader, lines);

        Assert.Equal("one\n", lines.ToString());
        Assert.Contains("pipe broke off: it is gone", reader.Problem, StringComparison.Ordinal);
    }

    static async Task<(string Lines, long Dropped)> ReadAsync(byte[] text, int blockBytes)
    {
        await using var reader = new StreamLogReader(new MemoryStream(text), "stdin", new LogLabels(), TimeProvider.System, blockBytes);
        var (lines, dropped) = (new StringBuilder(), 0L);
        while (!reader.IsEnded) dropped += await TakeAsync(reader, lines);
        return (lines.ToString(), dropped);
    }

    static async Task<long> TakeAsync(StreamLogReader reader, StringBuilder to)
    {
        var read = await reader.ReadAsync(CancellationToken.None);
        if (read.Chunks.Count == 0 && !reader.IsEnded) await Task.Yield();
        foreach (var chunk in read.Chunks)
        {
            Assert.True(chunk.Lines.IsEmpty || chunk.Lines.Span[^1] == '\n');
            to.Append(Encoding.UTF8.GetString(chunk.Lines.Span));
        }
        return read.Chunks.Sum(c => c.DroppedBytes);
    }

    sealed class Broken : MemoryStream
    {
        bool isGiven;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (isGiven) throw new IOException("it is gone");
            isGiven = true;
            "one\n"u8.CopyTo(buffer.Span);
            return ValueTask.FromResult(4);
        }
    }
}
