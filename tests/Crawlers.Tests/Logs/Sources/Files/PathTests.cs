using System.Runtime.InteropServices;
using Crawlers.Logs.Sources.Files;

namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>Which files are found, and that one in trouble keeps none of the others from being read.</summary>
public sealed class PathTests
{
    [Fact]
    public async Task Patterns_find_files_at_any_depth_and_leave_out_what_is_excluded()
    {
        await using var tail = new Tail(new FilesSettings { Paths = ["a/**/*.log", "b/?.txt", "c"], Exclude = ["*debug*", "a/skip/**"] });
        foreach (var name in new[] { "a/1.log", "a/x/2.log", "a/x/y/3.log", "b/4.txt", "c" }) tail.Append(name, $"{name}\n");
        foreach (var name in new[] { "a/1.txt", "a/debug.log", "a/skip/x.log", "a/skip/y/x.log", "b/44.txt", "b/x/4.txt" }) tail.Append(name, "not read\n");

        Assert.Equal(["a/1.log", "a/x/2.log", "a/x/y/3.log", "b/4.txt", "c"], (await tail.LinesAsync()).Order(StringComparer.Ordinal));
        Assert.Null(tail.Problem);
    }

    [Fact]
    public async Task A_folder_that_comes_later_is_found()
    {
        await using var tail = new Tail("later/*/app.log");
        Assert.Empty(await tail.LinesAsync());
        Assert.Null(tail.Problem);

        tail.Append("later/x/app.log", "one\n");

        Assert.Equal(["one"], await tail.LinesAsync());
    }

    [Fact]
    public async Task A_file_that_two_paths_lead_to_is_read_once()
    {
        await using var tail = new Tail("**");
        tail.Append("pods/x/0.log", "one\n");
        tail.Shell("mkdir containers; ln -s ../pods/x/0.log containers/x.log; ln pods/x/0.log hard.log; ln -s .. pods/circle; ln -s nowhere dangling");

        Assert.Equal(["one"], await tail.LinesAsync());
        tail.Append("containers/x.log", "two\n");
        Assert.Equal(["two"], await tail.LinesAsync());
        Assert.Null(tail.Problem);
    }

    [Fact]
    public async Task A_link_is_followed_to_another_file_when_it_is_set_anew()
    {
        await using var tail = new Tail("containers/*.log");
        tail.Append("pods/0.log", "one\n");
        tail.Shell("mkdir containers; ln -s ../pods/0.log containers/x.log");
        Assert.Equal(["one"], await tail.LinesAsync());

        tail.Shell("echo two >> pods/0.log; echo three > pods/1.log; ln -sfn ../pods/1.log containers/x.log");

        Assert.Equal(["two", "three"], (await tail.LinesAsync()).OrderDescending());
    }

    [Fact]
    public async Task Pipes_sockets_and_folders_are_not_opened()
    {
        await using var tail = new Tail("*");
        tail.Shell("mkfifo pipe.log; mkdir folder.log; echo one > app.log");
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(tail.In("socket.log")));

        Assert.Equal(["one"], await tail.LinesAsync());
        Assert.Null(tail.Problem);
    }

    [Fact]
    public async Task A_file_that_vanishes_while_it_is_read_is_read_to_its_end()
    {
        await using var tail = new Tail("*.log");
        tail.Append("app.log", string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 10_000)));
        tail.Append("other.log", "other\n");
        var lines = Given.Of((await tail.ReadOnceAsync()).Chunks[0]).Lines.Length;
        tail.Shell("rm app.log");

        var rest = await tail.ChunksAsync();
        tail.Time.Advance(TimeSpan.FromSeconds(5));
        var end = await tail.ChunksAsync();

        Assert.Equal(10_000, lines + rest.Where(c => c.Part.StartsWith("app", StringComparison.Ordinal)).Sum(c => c.Lines.Length));
        Assert.True(Assert.Single(end).IsEnded);
        Assert.Null(tail.Problem);
    }

    [Fact]
    public async Task A_file_that_may_not_be_read_is_named_and_the_others_are_read()
    {
        await using var tail = new Tail("**/*.log");
        tail.Append("secret.log", "secret\n");
        tail.Append("app.log", "one\n");
        tail.Append("closed/x.log", "secret\n");
        tail.Shell("chmod 755 .; chmod 000 secret.log closed");

        Assert.Equal(["one"], AsNobody(tail));
        Assert.Contains($"No permission to read {tail.In("secret.log")}: let ", tail.Problem, StringComparison.Ordinal);
        Assert.Contains($"No permission to read the folder {tail.In("closed")}: let ", tail.Problem, StringComparison.Ordinal);

        tail.Shell("chmod 644 secret.log; chmod 755 closed");
        Assert.Equal(["secret", "secret"], await tail.LinesAsync());
        Assert.Null(tail.Problem);
    }

    [Fact]
    public async Task A_program_may_open_its_log_for_itself_alone_while_it_is_read()
    {
        await using var tail = new Tail("app.log");
        tail.Append("app.log", "one\n");
        await tail.LinesAsync();

        using (var own = new FileStream(tail.In("app.log"), FileMode.Append, FileAccess.Write, FileShare.None))
        {
            own.Write("two\n"u8);
            own.Flush();
            Assert.Equal(["two"], await tail.LinesAsync());
        }
    }

    [Fact]
    public async Task Of_a_thousand_files_few_are_held_open()
    {
        await using var tail = new Tail("**/*.log");
        for (var i = 0; i < 1000; i++) tail.Append($"{i % 10}/{i}.log", $"{i}\n");
        Assert.Equal(Enumerable.Range(0, 1000), (await tail.LinesAsync()).Select(int.Parse).Order());
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.StartsWith(tail.Folder, StringComparison.Ordinal) == true), 1, 250);

        for (var i = 0; i < 1000; i += 7) tail.Append($"{i % 10}/{i}.log", "more\n");

        Assert.Equal(143, (await tail.LinesAsync()).Length);
    }

    // Root may read anything. What a thread may do to files can be changed for it alone; the reader runs on the thread that asks it.
    static string[] AsNobody(Tail tail)
    {
        string[] lines = [];
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                if (Environment.IsPrivilegedProcess) _ = setfsuid(65534);
                lines = [.. tail.ReadOnceAsync().GetAwaiter().GetResult().Chunks.SelectMany(c => Given.Of(c).Lines)];
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
        return lines;
    }

#pragma warning disable SYSLIB1054, IDE1006 // the generated form needs unsafe code; the names are C's
    [DllImport("libc")]
    static extern int setfsuid(uint user);
#pragma warning restore SYSLIB1054, IDE1006
}
