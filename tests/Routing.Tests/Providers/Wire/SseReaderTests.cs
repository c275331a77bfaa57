using System.Text;
using Routing.Providers.Wire;

namespace Routing.Tests.Providers.Wire;

public sealed class SseReaderTests
{
    const string Everything =
        ": OPENROUTER PROCESSING\n\n" +
        "data: {\"a\":\"ä€🚀\"}\n\n" +
        "data: one\r\n\r\n" +
        "data:two\r\r" +
        ": in between\r\nevent: error\r\ndata: {\"error\":1}\r\n\r\n" +
        "data: first\ndata:second\r\ndata\rdata:  third\n\n\n\n" +
        "event: other\nid: 7\nretry: 10\ndata: named\n: inside\n\n" +
        "event: error\n\ndata: not an error any more\n\n" +
        "data: [DONE]\n\n";

    static readonly string[] Expected =
    [
        "{\"a\":\"ä€🚀\"}", "one", "two", "!{\"error\":1}", "first\nsecond\n\n third", "named", "not an error any more", "[DONE]",
    ];

    [Fact]
    public async Task A_stream_is_read_the_same_wherever_it_is_cut_in_two()
    {
        var bytes = Encoding.UTF8.GetBytes(Everything);

        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(Expected, await FramesAsync([bytes.AsMemory(0, cut), bytes.AsMemory(cut)]));
    }

    [Fact]
    public async Task A_stream_is_read_the_same_byte_by_byte() =>
        Assert.Equal(Expected, await FramesAsync(Encoding.UTF8.GetBytes(Everything).Select(b => (ReadOnlyMemory<byte>)new[] { b })));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_stream_is_read_the_same_in_any_pieces_and_buffers(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 400; round++)
        {
            var bytes = RandomStream(random);
            var whole = await FramesAsync([bytes]);

            Assert.Equal(whole, await FramesAsync(Cut(bytes, random), bufferBytes: random.Next(16, 200)));
        }
    }

    [Theory]
    [InlineData("data: a\n\ndata: [DONE]\n", "a,[DONE]?")]
    [InlineData("data: a\n\ndata: [DONE]", "a,[DONE]?")]
    [InlineData("data: a\n\ndata: {\"cut", "a,{\"cut?")]
    [InlineData("data: a\n\n: comment", "a")]
    [InlineData("data: a\n\nda", "a")]
    [InlineData("\uFEFFdata: a\n\n", "a")]
    [InlineData("", "")]
    [InlineData("<html>\n<body>\n\n", "")]
    public async Task The_end_of_a_stream_ends_an_event_and_tells_that_it_did(string stream, string expected) =>
        Assert.Equal(expected, string.Join(',', await FramesAsync([Encoding.UTF8.GetBytes(stream)])));

    [Fact]
    public async Task Comments_and_pieces_are_signs_of_life()
    {
        using var reader = new SseReader(new PiecesStream([": p\n"u8.ToArray(), "da"u8.ToArray(), "ta: a\n\n"u8.ToArray()]), 1000);

        Assert.Equal(SseRead.Comment, await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(SseRead.Bytes, await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(SseRead.Frame, await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(SseRead.End, await reader.ReadAsync(CancellationToken.None));
        Assert.Equal(SseRead.End, await reader.ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("data: x\n: ")]
    [InlineData("data: x\ndata: ")]
    public async Task A_frame_over_the_limit_ends_the_reading_and_names_limit_and_size(string beginning)
    {
        var bytes = Encoding.UTF8.GetBytes(beginning + new string('x', 5_000));

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => FramesAsync(Pieces(bytes, 100), maxFrameBytes: 1_000));

        Assert.Matches(@"at most 1000 bytes, has 1\d\d\d or more", refused.Message);
    }

    [Fact]
    public async Task A_comment_without_end_within_a_frame_is_over_the_limit_too()
    {
        var bytes = Encoding.UTF8.GetBytes("data: x\n" + string.Concat(Enumerable.Repeat(": life\n", 1_000)));

        await Assert.ThrowsAsync<InvalidDataException>(() => FramesAsync(Pieces(bytes, 100), maxFrameBytes: 1_000));
    }

    [Fact]
    public async Task A_frame_larger_than_the_buffer_is_whole()
    {
        var text = new string('y', 100_000);

        Assert.Equal([text, "z"], await FramesAsync(Pieces(Encoding.UTF8.GetBytes($"data: {text}\n\ndata: z\n\n"), 777)));
    }

    static IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes, int size) => bytes.Chunk(size).Select(c => (ReadOnlyMemory<byte>)c);

    static byte[] RandomStream(Random random)
    {
        string[] parts = ["\n", "\r", "\r\n", "\n\n", "data: ", "data:", "data", "event: error", "event: x", ": c", "é", "🚀", "{\"a\":1}", "[DONE]", "id: 3", " ", ":", "x"];
        return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => parts[random.Next(parts.Length)])));
    }

    static IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] bytes, Random random)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var size = Math.Min(random.Next(1, 9), bytes.Length - at);
            yield return bytes.AsMemory(at, size);
            at += size;
        }
    }

    /// <summary>Each event; after an exclamation mark an error, before a question mark one that the stream's end has ended.</summary>
    static async Task<List<string>> FramesAsync(IEnumerable<ReadOnlyMemory<byte>> pieces, int maxFrameBytes = 1_000_000, int bufferBytes = 256)
    {
        using var reader = new SseReader(new PiecesStream(pieces), maxFrameBytes, bufferBytes);
        var frames = new List<string>();
        while (await reader.ReadAsync(CancellationToken.None) is var read and not SseRead.End)
            if (read == SseRead.Frame)
                frames.Add((reader.IsError ? "!" : "") + Encoding.UTF8.GetString(reader.Data.Span) + (reader.IsUnterminated ? "?" : ""));
        return frames;
    }
}
