using System.Text.Json;
using Engine.Hosting.CommandLine;
using Support;

namespace Crawlers.Tests.Logs.Commands;

/// <summary><c>engine logs fingerprint</c> and <c>engine logs explain</c>.</summary>
public sealed class CommandTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Each_event_is_a_line_of_json()
    {
        var file = folder.File("app.log", "2026-03-01 09:00:00 ERROR [a] shop.Orders - request 7 failed\nshop.BadState: x\n\tat shop.Orders.save(Orders.java:7)\n2026-03-01 09:00:01 INFO [a] shop.Orders - order 8 sent\n");

        var (exit, output, _) = await RunAsync("logs", "fingerprint", "--input", file);

        Assert.Equal(0, exit);
        var events = Documents(output);
        Assert.Equal(["[1,2,3]", "[4]"], events.Select(e => e.GetProperty("lines").ToString()));
        Assert.Equal(["error", "info"], events.Select(e => e.GetProperty("level").GetString()));
        Assert.Equal(["shop.BadState in shop.Orders.save", "order <*> sent"], events.Select(e => e.GetProperty("template").GetString()));
        Assert.Equal("shop.BadState", events[0].GetProperty("type").GetString());
        Assert.Equal("[\"shop.Orders.save\"]", events[0].GetProperty("frames").ToString());
        Assert.False(events[1].TryGetProperty("type", out _));
        Assert.All(events, e => Assert.Equal(e.GetProperty("fingerprint").GetString(), e.GetProperty("group").GetString()));
    }

    [Fact]
    public async Task A_group_is_what_the_run_learned_and_the_fingerprint_stays()
    {
        var file = folder.File("app.log", "session closed for user cyrus\nsession closed for user news\nsession closed for user games\n");

        var events = Documents((await RunAsync("logs", "fingerprint", "--input", file)).Output);

        Assert.Equal(3, events.Select(e => e.GetProperty("fingerprint").GetString()).Distinct().Count());
        Assert.Single(events.Select(e => e.GetProperty("group").GetString()).Distinct());
    }

    [Fact]
    public async Task Cases_keep_their_ids()
    {
        var file = folder.File("cases.jsonl", "{\"id\":\"a\",\"text\":\"E: x\\n    at f (/a.js:1:2)\"}\n\n{\"id\":\"b\",\"text\":\"order 5 lost\"}\n");

        var events = Documents((await RunAsync("logs", "fingerprint", "--cases", file)).Output);

        Assert.Equal(["a", "b"], events.Select(e => e.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("--input", "nothing.log")]
    [InlineData("--cases", "bad.jsonl")]
    [InlineData("--input", "bad.jsonl", "--cases", "bad.jsonl")]
    [InlineData("--input", "bad.jsonl", "--format", "odd")]
    public async Task What_cannot_be_read_is_misuse(params string[] arguments)
    {
        folder.File("bad.jsonl", "{\"id\":1}\n");

        var (exit, _, error) = await RunAsync(["logs", "fingerprint", .. arguments.Select(a => a.Contains('.', StringComparison.Ordinal) ? Path.Combine(folder.Path, a) : a)]);

        Assert.Equal((int)ExitCode.Misuse, exit);
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task What_steers_a_terminal_is_data()
    {
        var file = folder.File("app.log", "2026-03-01 09:00:00 ERROR bad \u202e\u0007 text \u009b31m\n");

        var (_, output, _) = await RunAsync("logs", "fingerprint", "--input", file);

        Assert.DoesNotContain(output, c => c is '\u202e' or '\a' or '\u009b');
        Documents(output);
    }

    [Fact]
    public async Task An_explanation_names_masks_and_frames()
    {
        var message = (await RunAsync("logs", "explain", "2026-03-01 09:00:00 ERROR [main] shop.Orders - order 66485 from 10.0.0.1 lost")).Output;
        var trace = JsonDocument.Parse((await RunAsync("logs", "explain", "--json", "shop.BadState: x\n\tat java.util.List.get(List.java:1)\n\tat shop.Orders.save(Orders.java:7)\n\tat shop.Web.handleRequest(Web.java:1)")).Output).RootElement;

        Assert.Contains("IpAddress", message, StringComparison.Ordinal);
        Assert.Contains("order <*> from <*> lost", message, StringComparison.Ordinal);
        Assert.Equal(["library", "counts", "hub"], trace.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("role").GetString()));
    }

    async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var terminal = new Terminal(output, error, isOutputTerminal: false, isErrorTerminal: false, isColoured: false);
        var environment = new Dictionary<string, string> { ["ENGINE_DATA"] = folder.Path, ["HOME"] = folder.Path };
        var exit = await EngineCommand.RunAsync(arguments, new CommandFrame(terminal, environment, TimeProvider.System), CancellationToken.None);
        return (exit, output.ToString(), error.ToString());
    }

    static List<JsonElement> Documents(string lines) => [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
