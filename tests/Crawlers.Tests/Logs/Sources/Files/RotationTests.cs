namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>Whatever rotates a log, each line is read once.</summary>
public sealed class RotationTests
{
    [Theory]
    [InlineData("app.log*")]
    [InlineData("app.log")]
    public async Task A_renamed_file_is_read_to_its_end_before_the_new_one(string pattern)
    {
        await using var tail = new Tail(pattern);
        tail.Append("app.log", "one\n");
        var first = await tail.ChunksAsync();
        tail.Append("app.log", "two\n");
        tail.Shell("mv app.log app.log.1; echo three > app.log");

        var given = await tail.ChunksAsync();

        Assert.Equal(["two", "three"], given.SelectMany(c => c.Lines));
        Assert.Equal(first[0].Part, given[0].Part);
        Assert.NotEqual(first[0].Part, given[1].Part);
    }

    [Theory]
    [InlineData("app.log*")]
    [InlineData("app.log")]
    public async Task A_renamed_file_ends_when_the_program_has_gone_over_to_the_new_one(string pattern)
    {
        await using var tail = new Tail(pattern);
        tail.Append("app.log", "one\n");
        var part = (await tail.ChunksAsync())[0].Part;
        tail.Shell("mv app.log app.log.1; touch app.log");
        await tail.ChunksAsync();
        tail.Time.Advance(TimeSpan.FromSeconds(30));
        tail.Append("app.log.1", "two\nhalf");
        Assert.Equal(["two"], await tail.LinesAsync());

        tail.Append("app.log", "three\n");
        Assert.Equal(["three"], await tail.LinesAsync());
        tail.Time.Advance(TimeSpan.FromSeconds(5));
        var given = await tail.ChunksAsync();

        Assert.Equal(["half"], given.SelectMany(c => c.Lines));
        Assert.Equal(part, Assert.Single(given, c => c.IsEnded).Part);
        Assert.Empty(await tail.ChunksAsync());
    }

    [Fact]
    public async Task Several_rotations_between_two_reads_are_read_in_order()
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", "one\n");
        await tail.LinesAsync();
        tail.Shell("""
            echo two >> app.log
            for i in three four five; do
                for n in 3 2 1; do if [ -e app.log.$n ]; then mv app.log.$n app.log.$((n + 1)); fi; done
                mv app.log app.log.1
                sleep 0.02
                echo $i > app.log
            done
            """);

        Assert.Equal(["two", "three", "four", "five"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_rotation_while_nobody_reads_loses_nothing()
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", "one\n");
        var part = (await tail.ChunksAsync())[0].Part;
        await tail.RestartAsync();
        tail.Shell("echo two >> app.log; mv app.log app.log.1; echo three > app.log");

        var given = await tail.ChunksAsync();

        Assert.Equal(["two", "three"], given.SelectMany(c => c.Lines));
        Assert.Equal(part, given[0].Part);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_copied_and_truncated_is_read_on_in_the_copy(bool seesCopy)
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", "one\ntwo\n");
        var part = (await tail.ChunksAsync())[0].Part;
        tail.Shell("echo three >> app.log; cp app.log app.log.1");
        var given = new List<Given>();
        if (seesCopy) given.AddRange(await tail.ChunksAsync());
        tail.Shell("truncate -s 0 app.log; echo four >> app.log");
        given.AddRange(await tail.ChunksAsync());

        Assert.Equal(["three", "four"], given.SelectMany(c => c.Lines));
        Assert.Equal(part, given[0].Part);
        Assert.NotEqual(part, given[1].Part);
        await tail.RestartAsync();
        Assert.Empty(await tail.LinesAsync());
    }

    [Theory]
    [InlineData("cp app.log app.log.1")]
    [InlineData("cp app.log app.log.1; touch -d '1 hour ago' app.log.1; echo 'written after the copy' >> app.log")]
    [InlineData("cp app.log app.log.1; gzip -k app.log.1; rm app.log.1")]
    public async Task A_copy_of_what_has_not_been_read_yet_counts_nothing_twice(string copy)
    {
        await using var tail = new Tail("app.log*");
        tail.Append("app.log", string.Concat(Enumerable.Range(0, 100).Select(i => $"2026-03-01 09:00:00 INFO the first line, number {i}\n")));
        tail.Shell(copy);
        var lines = new List<string>();
        for (var i = 0; i < 15; i++) lines.AddRange(await tail.LinesAsync());

        Assert.Equal(File.ReadAllLines(tail.In("app.log")), lines);
    }

    [Fact]
    public async Task A_copy_that_is_written_slowly_counts_nothing_twice()
    {
        await using var tail = new Tail("app.log*");
        var lines = Enumerable.Range(0, 5000).Select(i => $"line {i}").ToArray();
        tail.Append("app.log", string.Join('\n', lines) + "\n");
        await tail.LinesAsync();
        foreach (var blocks in new[] { 1, 3, 5 })
        {
            tail.Shell($"dd if=app.log of=app.log.1 bs=4096 count={blocks} status=none");
            Assert.Empty(await tail.LinesAsync());
        }
        tail.Shell("cp app.log app.log.1");
        tail.Append("app.log", "after the copy\n");
        Assert.Equal(["after the copy"], await tail.LinesAsync());

        tail.Shell("truncate -s 0 app.log; echo new > app.log");

        Assert.Equal(["new"], await tail.LinesAsync());
        tail.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Empty(await tail.LinesAsync());
        Assert.Empty(await tail.LinesAsync());
    }

    [Fact]
    public async Task A_truncated_file_that_has_grown_beyond_what_was_read_begins_anew()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\ntwo\n");
        await tail.LinesAsync();
        tail.Shell("echo first of many > app.log; echo second of many >> app.log");

        Assert.Equal(["first of many", "second of many"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_truncated_file_begins_anew_even_with_the_same_first_line()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "started\none\ntwo\n");
        await tail.LinesAsync();
        tail.Shell("echo started > app.log");

        Assert.Equal(["started"], await tail.LinesAsync());
        tail.Append("app.log", "three\n");
        Assert.Equal(["three"], await tail.LinesAsync());
    }

    [Fact]
    public async Task Another_file_with_the_inode_of_a_removed_one_is_read_from_its_beginning()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\ntwo\n");
        await tail.LinesAsync();
        await tail.RestartAsync();
        // Written in place, the inode is the same for sure.
        tail.Shell("printf 'other\\nlines\\n' | dd of=app.log conv=notrunc status=none");

        Assert.Equal(["other", "lines"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_file_that_was_copied_back_or_touched_counts_nothing_twice()
    {
        await using var tail = new Tail("*.log");
        tail.Append("app.log", "one\ntwo\n");
        await tail.LinesAsync();
        tail.Shell("touch app.log; cp app.log aside; rm app.log");
        Assert.Empty(await tail.LinesAsync());
        tail.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.True((await tail.ChunksAsync()).Single().IsEnded);
        await tail.RestartAsync();
        tail.Time.Advance(TimeSpan.FromDays(1));

        tail.Shell("cp aside back.log; cp aside again.log");

        Assert.Empty(await tail.LinesAsync());
        tail.Append("back.log", "three\n");
        Assert.Equal(["three"], await tail.LinesAsync());
    }

    [Fact]
    public async Task What_is_remembered_of_files_that_are_gone_is_bounded()
    {
        await using var tail = new Tail("*.log");
        tail.Append("old.log", "old\n");
        await tail.LinesAsync();
        tail.Shell("rm old.log");
        tail.Append("app.log", "one\n");
        await tail.LinesAsync();
        tail.Time.Advance(TimeSpan.FromMinutes(2));
        await tail.LinesAsync();
        Assert.Equal(3, tail.Positions.Count);

        tail.Time.Advance(TimeSpan.FromDays(31));
        await tail.LinesAsync();

        Assert.Equal(2, tail.Positions.Count);
    }
}
