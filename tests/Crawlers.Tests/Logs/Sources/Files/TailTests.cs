using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Sources.Files;

namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>A file that grows gives each line once, whole, through restarts.</summary>
public sealed class TailTests
{
    [Fact]
    public async Task Lines_come_as_they_are_appended()
    {
        await using var tail = new Tail("app.log");
        Assert.Empty(await tail.LinesAsync());
        tail.Append("app.log", "one\ntwo\n");
        Assert.Equal(["one", "two"], await tail.LinesAsync());
        Assert.Empty(await tail.LinesAsync());

        tail.Append("app.log", "three\n");

        Assert.Equal(["three"], await tail.LinesAsync());
        Assert.Equal(0, tail.BehindBytes);
    }

    [Fact]
    public async Task Lines_are_labelled_by_the_settings_and_are_near_the_last_write()
    {
        await using var tail = new Tail(new FilesSettings { Paths = ["app.log"], Service = "shop" });
        tail.Append("app.log", "one\n");
        var written = new DateTime(2025, 12, 31, 23, 59, 59, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(tail.In("app.log"), written);

        var chunk = Assert.Single((await tail.ReadOnceAsync()).Chunks);

        Assert.Equal("shop", chunk.Labels.Service);
        Assert.Equal(written, chunk.Near.UtcDateTime);
        Assert.StartsWith("app.log@", chunk.Part, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_file_is_seen_to_grow_without_another_look_at_the_folder()
    {
        await using var tail = new Tail("*.log");
        tail.Append("app.log", "one\n");
        await tail.LinesAsync();
        tail.Append("app.log", "two\n");
        tail.Append("new.log", "three\n");

        var soon = await tail.ReadOnceAsync(after: TimeSpan.FromMilliseconds(100));

        Assert.Equal(["two"], Given.Of(Assert.Single(soon.Chunks)).Lines);
        Assert.Equal(["three"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_line_is_held_back_until_its_end_comes()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\ntw");
        Assert.Equal(["one"], await tail.LinesAsync());
        Assert.Equal(2, tail.BehindBytes);
        Assert.Empty(await tail.LinesAsync());

        tail.Append("app.log", "o\n");

        Assert.Equal(["two"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_line_without_end_is_given_when_nothing_was_added_for_three_seconds()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\ntwo");
        Assert.Equal(["one"], await tail.LinesAsync());
        tail.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(["two"], await tail.LinesAsync());
        await tail.RestartAsync();

        tail.Append("app.log", "\nthree\n");

        Assert.Equal(["three"], await tail.LinesAsync());
    }

    [Fact]
    public async Task After_a_restart_it_goes_on_at_the_byte()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\ntwo\nthr");
        Assert.Equal(["one", "two"], await tail.LinesAsync());
        await tail.RestartAsync();

        tail.Append("app.log", "ee\nfour\n");

        Assert.Equal(["three", "four"], await tail.LinesAsync());
    }

    [Fact]
    public async Task What_was_not_committed_comes_again()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\n");
        await tail.LinesAsync();
        tail.Append("app.log", "two\n");
        var before = await tail.ChunksAsync(commits: false);
        await tail.RestartAsync();

        var again = await tail.ChunksAsync();

        Assert.Equal(["two"], Assert.Single(again).Lines);
        Assert.Equal(before[0].Part, again[0].Part);
    }

    [Theory]
    [InlineData(StartAt.Beginning, new[] { "old", "half-new", "new" })]
    [InlineData(StartAt.End, new[] { "half-new", "new" })]
    public async Task Where_to_begin_holds_for_files_that_were_there_at_first(StartAt start, string[] expected)
    {
        await using var tail = new Tail(new FilesSettings { Paths = ["*.log"], StartAt = start });
        tail.Append("app.log", "old\nhalf-");
        var lines = new List<string>(await tail.LinesAsync());
        await tail.RestartAsync();
        tail.Append("app.log", "new\n");
        tail.Append("later.log", "new\n");
        lines.AddRange(await tail.LinesAsync());

        Assert.Equal(expected, lines);
    }

    [Fact]
    public async Task An_empty_folder_at_first_leaves_no_line_out_later()
    {
        await using var tail = new Tail(new FilesSettings { Paths = ["*.log"], StartAt = StartAt.End });
        await tail.LinesAsync();
        await tail.RestartAsync();

        tail.Append("app.log", "one\n");

        Assert.Equal(["one"], await tail.LinesAsync());
    }

    [Fact]
    public async Task Of_a_line_that_is_too_long_the_first_part_is_kept_and_the_rest_is_counted()
    {
        await using var tail = new Tail("app.log");
        var longest = new string('y', LineReader.DefaultMaxLineBytes);
        tail.Append("app.log", $"one\n{new string('x', 10_000_000)}\n{longest}\n{longest}z\nfour\n");

        var given = await tail.ChunksAsync();

        Assert.Equal(["one", new string('x', LineReader.DefaultMaxLineBytes), longest, longest, "four"], given.SelectMany(c => c.Lines));
        Assert.Equal(10_000_000 - LineReader.DefaultMaxLineBytes + 1, given.Sum(c => c.DroppedBytes));
        Assert.Single(given.Select(c => c.Part).Distinct());
    }

    [Fact]
    public async Task A_restart_within_a_line_that_is_too_long_goes_on_passing_over_it()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", new string('x', 6_000_000));
        var given = await tail.ChunksAsync();
        await tail.RestartAsync();
        tail.Append("app.log", new string('x', 1_000) + "\ntwo\n");
        given.AddRange(await tail.ChunksAsync());

        Assert.Equal([new string('x', LineReader.DefaultMaxLineBytes), "two"], given.SelectMany(c => c.Lines));
        Assert.Equal(6_001_000 - LineReader.DefaultMaxLineBytes, given.Sum(c => c.DroppedBytes));
    }

    [Fact]
    public async Task A_gigabyte_without_a_line_end_costs_no_memory()
    {
        await using var tail = new Tail("app.log");
        tail.Shell("truncate -s 1G app.log; echo >> app.log; echo after >> app.log");
        long dropped = 0, lines = 0;
        await tail.ReadOnceAsync();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var read = await tail.ReadOnceAsync(); read.Chunks.Count > 0; read = await tail.ReadOnceAsync())
        {
            dropped += read.Chunks.Sum(c => c.DroppedBytes);
            lines += read.Chunks.Sum(c => c.Lines.Span.Count((byte)'\n'));
        }

        Assert.Equal(1, lines);
        Assert.InRange(dropped, (1L << 30) - 4 * 1024 * 1024 - 100_000, 1L << 30);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 30_000_000);
    }

    [Fact]
    public async Task Zero_bytes_and_bytes_that_are_no_text_pass_through()
    {
        await using var tail = new Tail("app.log");
        byte[] bytes = [0, 0xff, 0xc3, (byte)'\r', (byte)'\n', (byte)'\n', 0, (byte)'\n'];
        tail.Append("app.log", bytes);

        Assert.Equal(Encoding.Latin1.GetString(bytes)[..^1].Split('\n'), await tail.LinesAsync());
    }

    [Fact]
    public async Task A_read_gives_some_megabytes_at_most_and_something_of_every_file()
    {
        await using var tail = new Tail("*.log");
        var line = new string('x', 999) + "\n";
        var large = string.Concat(Enumerable.Repeat(line, 10_000));
        tail.Append("large.log", large);
        for (var i = 0; i < 10; i++) tail.Append($"small-{i}.log", $"{i}\n");

        var first = await tail.ReadOnceAsync();

        Assert.Equal(11, first.Chunks.Select(c => c.Part).Distinct().Count());
        Assert.InRange(first.Chunks.Sum(c => c.Lines.Length), 1, 4 * 1024 * 1024);
        Assert.True(tail.BehindBytes > 5_000_000);
        var rest = await tail.ChunksAsync();
        Assert.Equal(10_000 - first.Chunks.Sum(c => c.Lines.Span.Count((byte)'\n')) + 10, rest.Sum(c => c.Lines.Length));
    }
}
