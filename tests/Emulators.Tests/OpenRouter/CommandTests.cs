using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Engine.Hosting.CommandLine;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary><c>engine emulate openrouter</c>.</summary>
public sealed class CommandTests : IDisposable
{
    readonly TempFolder folder = new();

    Dictionary<string, string> Environment => new() { ["ENGINE_DATA"] = folder.Path, ["HOME"] = folder.Path };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_says_where_it_listens_answers_by_its_rules_to_its_key_and_ends_when_told()
    {
        var rules = folder.File("rules.yaml", "- answer: from the file");
        using var stop = new CancellationTokenSource();
        using StringWriter output = new(), error = new();
        var terminal = new Terminal(output, error, isOutputTerminal: false, isErrorTerminal: false, isColoured: false);

        var running = EngineCommand.RunAsync(["emulate", "openrouter", "--port", "0", "--rules", rules, "--key", "sk-or-mine", "--models", "3"], new CommandFrame(terminal, Environment, TimeProvider.System), stop.Token);
        await Eventually.TrueAsync(() => output.ToString().Contains("Ctrl-C ends it.", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "it listens");
        var url = new Uri(Regex.Match(output.ToString(), "http://127.0.0.1:[0-9]+/api/v1").Value);
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", "sk-or-mine") } };
        var answer = await Rig.JsonAsync(await client.PostAsync(url + "/chat/completions", new StringContent(Rig.Ask("openai/gpt-4o").ToJsonString(), Encoding.UTF8, "application/json")));
        var models = await Rig.JsonAsync(await client.GetAsync(url + "/models"));
        client.DefaultRequestHeaders.Authorization = new("Bearer", "another");
        var refused = await client.GetAsync(url + "/key");
        await stop.CancelAsync();

        Assert.Equal("from the file", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(37, models.GetProperty("total_count").GetInt32());
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal((0, ""), (await running, error.ToString()));
        Assert.DoesNotContain("sk-or-mine", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- colour: red", "colour")]
    [InlineData(null, "cannot be read")]
    public async Task Rules_that_cannot_be_are_misuse(string? rules, string said)
    {
        var file = rules is null ? Path.Combine(folder.Path, "nothing.yaml") : folder.File("rules.yaml", rules);

        var run = await CommandLineRun.OfAsync(Environment, "emulate", "openrouter", "--port", "0", "--rules", file);

        Assert.Equal(ExitCode.Misuse, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_or_is_none_is_told()
    {
        await using var other = await Rig.StartAsync();

        var taken = await CommandLineRun.OfAsync(Environment, "emulate", "openrouter", "--port", $"{other.Emulator.Url.Port}");
        var none = await CommandLineRun.OfAsync(Environment, "emulate", "openrouter", "--port", "70000");

        Assert.Equal(ExitCode.Failed, taken.ExitCode);
        Assert.Contains("choose another with --port", taken.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Misuse, none.ExitCode);
    }
}
