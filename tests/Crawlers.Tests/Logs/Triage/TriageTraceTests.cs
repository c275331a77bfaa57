using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Triage;
using Support;

namespace Crawlers.Tests.Logs.Triage;

/// <summary>From traces of all languages to file, line, commit and owner, in real repositories.</summary>
public sealed class TriageTraceTests : IDisposable
{
    readonly CodeRepository code = new();
    readonly TriageTrace triage = new(TimeProvider.System);

    public void Dispose() => code.Dispose();

    Task<TriageFinding> RunAsync(string trace, string? revision = null, params PathMapping[] paths) =>
        triage.RunAsync(ParseTrace.Run(trace)!, new TriageRepository(code.Path, paths, revision), CancellationToken.None);

    [Theory]
    [InlineData("src/main/java/com/shop/Orders.java", "com.shop.BadState: x\n\tat java.base/java.util.List.get(List.java:5)\n\tat com.shop.Orders.save(Orders.java:3)\n\tat com.shop.Web.handle(Web.java:1)")]
    [InlineData("src/main/kotlin/Orders.kt", "com.shop.BadState: x\n\tat com.shop.OrdersKt.save(Orders.kt:3)")]
    [InlineData("src/Shop/Orders.cs", "System.InvalidOperationException: x\n   at System.Linq.Enumerable.First()\n   at Shop.Orders.<SaveAsync>d__5.MoveNext() in /build/src/Shop/Orders.cs:line 3")]
    [InlineData("src/Shop/Orders.cs", "System.InvalidOperationException: x\n   at Shop.Orders.Save() in C:\\build\\src\\Shop\\Orders.cs:line 3")]
    [InlineData("shop/orders.py", "Traceback (most recent call last):\n  File \"/srv/app/shop/web.py\", line 9, in handle\n  File \"/srv/app/shop/orders.py\", line 3, in save\n  File \"/usr/lib/python3.12/json/decoder.py\", line 3, in decode\njson.decoder.JSONDecodeError: bad")]
    [InlineData("src/orders.js", "TypeError: x is undefined\n    at async Object.save (/app/src/orders.js:3:2)\n    at /app/node_modules/express/router.js:3:4")]
    [InlineData("src/orders.ts", "TypeError: x is undefined\n    at save (webpack:///./src/orders.ts:3:2)")]
    [InlineData("src/my orders.mjs", "TypeError: x is undefined\n    at save (file:///app/src/my%20orders.mjs:3:2)")]
    [InlineData("orders/save.go", "panic: runtime error: index out of range [65] with length 29\n\ngoroutine 7 [running]:\nmain.(*Shop).pick(0x507a00?)\n\t/build/orders/save.go:3 +0xbb\nmain.main()\n\t/build/main.go:3 +0x1")]
    [InlineData("app/models/orders.rb", "/srv/app/models/orders.rb:3:in 'Orders#save': no stock (OutOfStock)\n\tfrom /srv/app/controllers/web.rb:20:in 'Web#sell'")]
    [InlineData("src/orders.rs", "thread 'main' panicked at src/orders.rs:3:5:\nno stock\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/9fc6/library/std/src/panicking.rs:645:5\n   1: shop::orders::save::h0123456789abcdef\n             at ./src/orders.rs:3:5")]
    public async Task The_line_its_last_commit_and_its_owner_are_found(string file, string trace)
    {
        code.Write(file, CodeRepository.Lines());
        code.Write(".github/CODEOWNERS", "* @all\n" + file.Replace(" ", "\\ ", StringComparison.Ordinal) + " @shop/orders jane@example.com\n");
        code.Commit("Add orders", "Bob");
        code.Write(file, CodeRepository.Lines(3, "changed"));
        var id = code.Commit("Change the third line");

        var found = await RunAsync(trace);

        Assert.Equal((file, 3, id), (found.File, found.Line, found.Commit?.Id));
        Assert.Equal(("Jane", "jane@example.com", "Change the third line"), (found.Commit!.Author, found.Commit.AuthorMail, found.Commit.Summary));
        Assert.Equal(["@shop/orders", "jane@example.com"], found.Owners);
    }

    [Fact]
    public async Task The_root_cause_comes_before_what_wraps_it()
    {
        code.Write("src/com/shop/Orders.java", CodeRepository.Lines());
        code.Write("src/com/shop/Db.java", CodeRepository.Lines());
        code.Commit("Add");

        var found = await RunAsync("com.shop.OuterException: x\n\tat com.shop.Orders.save(Orders.java:2)\nCaused by: com.shop.RootException: y\n\tat com.shop.Db.open(Db.java:4)\n\tat com.shop.Orders.save(Orders.java:1)");

        Assert.Equal(("src/com/shop/Db.java", 4, "com.shop.Db.open"), (found.File, found.Line, found.Function));
    }

    [Fact]
    public async Task A_frame_that_fits_several_files_or_none_is_passed_over_and_said()
    {
        code.Write("a/index.js", CodeRepository.Lines());
        code.Write("b/index.js", CodeRepository.Lines());
        code.Write("b/shop.js", CodeRepository.Lines());
        code.Commit("Add");

        var found = await RunAsync("Error: x\n    at one (/app/gone.js:1:1)\n    at two (/app/index.js:2:1)\n    at three (/app/shop.js:3:1)");

        Assert.Equal("b/shop.js", found.File);
        Assert.Contains(found.Steps, s => s.Contains("no file gone.js", StringComparison.Ordinal));
        Assert.Contains(found.Steps, s => s.Contains("any of 2 files: a/index.js, b/index.js", StringComparison.Ordinal));
        Assert.Contains("another folder", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mapping_decides_between_files_and_ends_at_whole_names()
    {
        code.Write("services/a/index.js", CodeRepository.Lines());
        code.Write("services/b/index.js", CodeRepository.Lines());
        code.Commit("Add");
        const string Trace = "Error: x\n    at two (/app/index.js:2:1)";

        Assert.Equal("services/b/index.js", (await RunAsync(Trace, null, new PathMapping("/app/", "services/b"))).File);
        Assert.Equal("services/a/index.js", (await RunAsync("System.Exception: x\n   at Shop.Two.Run() in C:\\build\\a\\index.js:line 2", null, new PathMapping("C:\\build\\", "services"))).File);
        Assert.Equal("services/a/index.js", (await RunAsync("Error: x\n    at two (webpack://shop/./a/index.js:2:1)", null, new PathMapping("webpack://shop/", "services"))).File);
        Assert.Equal("services/a/index.js", (await RunAsync(Trace, null, new PathMapping("/ap", "services/b"), new PathMapping("/app", "services/a/"))).File);
    }

    [Fact]
    public async Task The_release_that_ran_is_looked_at_and_not_what_came_after()
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        var old = code.Commit("Old");
        code.Git("tag", "v1.2.3");
        code.Write("src/orders.js", "new\n" + CodeRepository.Lines(2, "changed"));
        var recent = code.Commit("New");
        const string Trace = "Error: x\n    at two (/app/src/orders.js:3:1)";

        Assert.Equal(old, (await RunAsync(Trace, "v1.2.3")).Commit?.Id);
        Assert.Equal(old, (await RunAsync(Trace, "1.2.3")).Commit?.Id);
        Assert.Equal(old, (await RunAsync(Trace, old[..10])).Commit?.Id);
        Assert.Equal(recent, (await RunAsync(Trace)).Commit?.Id);
        var unknown = await RunAsync(Trace, "v9");
        Assert.Equal(recent, unknown.Commit?.Id);
        Assert.Contains(unknown.Steps, s => s.Contains("v9 is none of the repository", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_behind_the_end_of_the_file_gives_the_files_last_commit_and_says_so()
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        var id = code.Commit("Orders");
        code.Write("other", "x");
        code.Commit("Other");

        var found = await RunAsync("Error: x\n    at two (/app/src/orders.js:300:1)");

        Assert.Equal(id, found.Commit?.Id);
        Assert.Contains("has no line 300", found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commits_that_are_to_be_ignored_are()
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        var first = code.Commit("Orders");
        code.Write("src/orders.js", CodeRepository.Lines().Replace("line", "  line", StringComparison.Ordinal));
        var formatted = code.Commit("Format", "Bot");
        code.Write(".git-blame-ignore-revs", $"# format\n{formatted} # all\nno id\n--help\n");
        code.Commit("Ignore");

        Assert.Equal(first, (await RunAsync("Error: x\n    at two (/app/src/orders.js:3:1)")).Commit?.Id);
    }

    [Fact]
    public async Task A_bare_and_a_shallow_clone_will_do_and_the_cut_is_said()
    {
        code.Write("src/orders.js", CodeRepository.Lines());
        code.Commit("Orders");
        code.Write("src/other.js", CodeRepository.Lines());
        var last = code.Commit("Other");
        using var folder = new TempFolder();
        CodeRepository.GitAt(folder.Path, "clone", "-q", "--bare", code.Path, "bare.git");
        CodeRepository.GitAt(folder.Path, "clone", "-q", "--depth", "1", "file://" + code.Path, "shallow");
        var trace = ParseTrace.Run("Error: x\n    at two (/app/src/orders.js:3:1)")!;

        var bare = await triage.RunAsync(trace, new TriageRepository(Path.Combine(folder.Path, "bare.git"), []), CancellationToken.None);
        var shallow = await triage.RunAsync(trace, new TriageRepository(Path.Combine(folder.Path, "shallow"), []), CancellationToken.None);

        Assert.Equal("Orders", bare.Commit?.Summary);
        Assert.Equal(last, shallow.Commit?.Id);
        Assert.Contains("may be older", shallow.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Error: x\n    at two (/app/src/orders.js:3:1)", "lies in the repository")]
    [InlineData("Error: x\n    at two (/app/node_modules/a/b.js:3:1)", "names a file")]
    public async Task Nothing_found_is_said_and_is_not_nothing_wrong(string trace, string reason)
    {
        code.Write("readme", "x");
        code.Commit("Add");

        var found = await RunAsync(trace);

        Assert.Null(found.File);
        Assert.Null(found.Commit);
        Assert.Contains(reason, found.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_without_commits_or_none_at_all_is_said()
    {
        var trace = ParseTrace.Run("Error: x\n    at two (/app/src/orders.js:3:1)")!;
        using var folder = new TempFolder();

        foreach (var path in new[] { code.Path, folder.Path, Path.Combine(folder.Path, "gone") })
            Assert.StartsWith("The repository could not be read: ", (await triage.RunAsync(trace, new TriageRepository(path, []), CancellationToken.None)).Reason, StringComparison.Ordinal);
    }
}
