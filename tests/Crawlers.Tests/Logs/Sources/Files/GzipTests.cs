using System.IO.Compression;
using System.Text;

namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>Compressed files are read once, whether they are what a known log became or new; broken ones as far as they go.</summary>
public sealed class GzipTests
{
    [Fact]
    public async Task A_compressed_file_is_read_like_another()
    {
        await using var tail = new Tail("*.gz");
        tail.Shell("printf 'one\\ntwo' | gzip > app.log.gz; printf '\\nthree\\n' | gzip >> app.log.gz");

        var given = await tail.ChunksAsync();

        Assert.Equal(["one", "two", "three"], given.SelectMany(c => c.Lines));
        Assert.True(given[^1].IsEnded);
        await tail.RestartAsync();
        Assert.Empty(await tail.ChunksAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_a_rotated_file_that_was_compressed_only_the_rest_is_read(bool restarts)
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", Lines(0, 3000));
        var part = (await tail.ChunksAsync())[0].Part;
        if (restarts) await tail.RestartAsync();
        tail.Append("app.log", "rest\n");
        tail.Shell("mv app.log app.log.1; gzip app.log.1; echo new > app.log");

        var given = await tail.ChunksAsync();

        Assert.Equal(["new", "rest"], given.SelectMany(c => c.Lines).Order());
        Assert.Equal(part, given.Single(c => c.Lines.Contains("rest")).Part);
        await tail.RestartAsync();
        Assert.Empty(await tail.LinesAsync());
    }

    [Fact]
    public async Task While_it_is_compressed_the_file_itself_is_read()
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", Lines(0, 3000));
        await tail.LinesAsync();
        tail.Shell("mv app.log app.log.1; gzip -c app.log.1 > whole; head -c 2000 whole > app.log.1.gz");
        Assert.Empty(await tail.LinesAsync());
        tail.Append("app.log.1", "late\n");
        Assert.Equal(["late"], await tail.LinesAsync());

        tail.Shell("gzip -cf app.log.1 > app.log.1.gz; rm app.log.1 whole");

        for (var i = 0; i < 20; i++) Assert.Empty(await tail.LinesAsync());
    }

    [Fact]
    public async Task A_compressed_file_that_still_grows_is_read_as_it_comes()
    {
        await using var tail = new Tail("app.gz");
        var packed = Gzip(Lines(0, 20_000));
        var lines = new List<string>();
        foreach (var piece in packed.Chunk(packed.Length / 5 + 1))
        {
            tail.Append("app.gz", piece);
            lines.AddRange(await tail.LinesAsync());
            Assert.Equal(lines.Count == 20_000, tail.Problem is null);
        }

        Assert.Equal(Lines(0, 20_000), string.Join('\n', lines) + "\n");
    }

    [Fact]
    public async Task A_broken_file_is_read_to_where_it_breaks_and_named()
    {
        await using var tail = new Tail("app.gz");
        var packed = Gzip(Lines(0, 20_000));
        packed[^6] ^= 0xff; // the checksum: all lines are right
        tail.Append("app.gz", packed);

        Assert.Equal(20_000, (await tail.LinesAsync()).Length);
        Assert.Contains("app.gz is broken", tail.Problem, StringComparison.Ordinal);
        Assert.Empty(await tail.LinesAsync());
        await tail.RestartAsync();
        Assert.Empty(await tail.LinesAsync());
        Assert.Contains("app.gz", tail.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_bears_the_name_is_named_and_read_when_it_is_put_right()
    {
        await using var tail = new Tail("*.gz");
        tail.Append("app.gz", "no gzip at all\n");
        Assert.Empty(await tail.LinesAsync());
        Assert.Contains("app.gz is no gzip file", tail.Problem, StringComparison.Ordinal);

        tail.Shell("echo one | gzip > app.gz");

        Assert.Equal(["one"], await tail.LinesAsync());
        Assert.Null(tail.Problem);
    }

    static string Lines(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(i => $"line {i} {i * 7919L % 104729}\n"));

    static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(Encoding.ASCII.GetBytes(text));
        return packed.ToArray();
    }
}
