using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Triage;
using Support;

namespace Crawlers.Tests.Logs.Triage;

/// <summary>Neither what a trace says nor what a repository holds runs anything or reaches another file.</summary>
public sealed class HostileRepositoryTests : IDisposable
{
    readonly CodeRepository code = new();
    readonly TempFolder outside = new();
    readonly TriageTrace triage = new(TimeProvider.System);

    public void Dispose()
    {
        code.Dispose();
        outside.Dispose();
    }

    Task<TriageFinding> RunAsync(Trace trace, string? revision = null) => triage.RunAsync(trace, new TriageRepository(code.Path, [], revision), CancellationToken.None);

    static Trace At(string file, int line = 3) => new([new TraceException("Error", "", [new TraceFrame("f", "f", file, line, IsOwn: true)])]);

    [Theory]
    [InlineData("--output=pwned")]
    [InlineData("-L1,2")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("/app/../../etc/passwd")]
    [InlineData("src/orders.js\0--help")]
    [InlineData("src/orders.js\nsrc/orders.js")]
    [InlineData(":(glob)**")]
    [InlineData("file:///%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("file:///app/%00orders.js")]
    [InlineData("$(touch pwned).js")]
    [InlineData("`touch pwned`")]
    [InlineData("")]
    [InlineData("/")]
    public async Task A_frame_is_only_compared_with_the_names_of_files(string file)
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Commit("Add");

        var found = await RunAsync(At(file));

        Assert.Null(found.File);
        Assert.Equal("", code.Git("status", "--porcelain"));
    }

    [Theory]
    [InlineData("-L1.js")]
    [InlineData("--output=x.js")]
    [InlineData(":(glob)x.js")]
    [InlineData("a b\"c.js")]
    [InlineData("ü.js")]
    public async Task A_file_with_a_strange_name_is_a_file(string name)
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Commit("Other");
        code.Write(name, CodeRepository.Lines());
        var id = code.Commit("Strange");

        foreach (var line in new[] { 3, 300, 0, -1, int.MaxValue })
        {
            var found = await RunAsync(At("/app/" + name, line));

            Assert.Equal((name, id), (found.File, found.Commit?.Id));
        }
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("HEAD..HEAD")]
    [InlineData("HEAD@{upstream}")]
    [InlineData(":/Add")]
    [InlineData("HEAD:src")]
    [InlineData("main\n--help")]
    [InlineData("$(touch pwned)")]
    public async Task A_release_with_a_hostile_name_is_no_revision(string revision)
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Commit("Add");

        var found = await RunAsync(At("/app/src/orders.js"), revision);

        Assert.Equal("src/orders.js", found.File);
        Assert.Contains(found.Steps, s => s.Contains("HEAD instead", StringComparison.Ordinal));
        Assert.Equal("", code.Git("status", "--porcelain"));
    }

    [Fact]
    public async Task Nothing_that_a_repository_is_set_up_to_run_is_run()
    {
        var program = outside.File("run", $"#!/bin/sh\ntouch '{outside.Path}/pwned'\ncat\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Write(".gitattributes", "*.js diff=evil filter=evil\n");
        var id = code.Commit("Add");
        foreach (var setting in new[]
        {
            "core.fsmonitor", "core.pager", "pager.blame", "pager.log", "core.sshCommand", "core.editor", "core.askPass", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
            "gpg.program", "gpg.ssh.program", "credential.helper", "alias.blame", "alias.log", "alias.rev-parse", "alias.ls-tree", "alias.cat-file", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "interactive.diffFilter", "core.gitProxy",
        }) code.Git("config", setting, setting.StartsWith("alias.", StringComparison.Ordinal) ? "!" + program : program);
        code.Git("config", "log.showSignature", "true");
        code.Git("config", "blame.ignoreRevsFile", "/nowhere");
        code.Git("config", "core.hooksPath", outside.Path);
        File.AppendAllText(Path.Combine(code.Path, "src/orders.js"), "uncommitted\n");

        var blamed = await RunAsync(At("/app/src/orders.js"));
        var logged = await RunAsync(At("/app/src/orders.js", line: 300));

        Assert.Equal((id, id), (blamed.Commit?.Id, logged.Commit?.Id));
        Assert.Contains("changed this line", blamed.Reason, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(outside.Path, "pwned")));
    }

    [Fact]
    public async Task A_repository_that_keeps_git_waiting_is_given_up()
    {
        Directory.CreateDirectory(Path.Combine(outside.Path, ".git"));
        using var pipe = System.Diagnostics.Process.Start("mkfifo", Path.Combine(outside.Path, ".git", "HEAD"));
        await pipe.WaitForExitAsync();
        Directory.CreateDirectory(Path.Combine(outside.Path, ".git", "objects"));
        Directory.CreateDirectory(Path.Combine(outside.Path, ".git", "refs"));
        var time = new ManualTime();

        var run = new TriageTrace(time).RunAsync(At("/app/src/orders.js"), new TriageRepository(outside.Path, []), CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal("The repository could not be read: git took longer than 10 s", (await run).Reason);
    }

    [Fact]
    public async Task A_triage_that_is_cancelled_says_so()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => triage.RunAsync(At("/app/src/orders.js"), new TriageRepository(code.Path, []), cancelled.Token));
    }

    [Fact]
    public async Task What_a_partial_clone_lacks_is_not_fetched()
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Commit("Add");
        code.Git("config", "uploadpack.allowFilter", "true");
        CodeRepository.GitAt(outside.Path, "clone", "-q", "--bare", "--filter=blob:none", "file://" + code.Path, "partial.git");
        var path = Path.Combine(outside.Path, "partial.git");
        CodeRepository.GitAt(path, "config", "remote.origin.url", $"ext::sh -c touch% {outside.Path}/pwned");
        CodeRepository.GitAt(path, "config", "protocol.ext.allow", "always");

        var found = await triage.RunAsync(At("/app/src/orders.js"), new TriageRepository(path, []), CancellationToken.None);

        Assert.Equal("src/orders.js", found.File);
        Assert.False(File.Exists(Path.Combine(outside.Path, "pwned")));
        Assert.Equal("Add", found.Commit?.Summary); // of the file, for the line needs its text
    }
}
