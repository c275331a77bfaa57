using System.Text.Json;
using Engine.Hosting.CommandLine;
using Support;
using static Engine.Tests.Logs.CrawlingEngine;

namespace Engine.Tests.Logs;

/// <summary><c>engine logs</c> against a running engine.</summary>
public sealed class LogsCommandTests(CrawlingEngine engine) : IClassFixture<CrawlingEngine>
{
    [Fact]
    public async Task Lines_are_counted_errors_listed_shown_and_decided_about()
    {
        var lines = Line("ERROR the \u001b[31mred lamp burns") + Line("INFO fine") + Line("ERROR the wire is hot");
        await File.WriteAllTextAsync(engine.Path("poured.log"), lines);

        var crawled = await RunAsync("logs", "crawl", engine.Path("poured.log"), "--service", "commands");
        var listed = await RunAsync("logs", "errors", "--service", "commands", "--json");
        var errors = JsonElement.Parse(listed.Output).GetProperty("items").EnumerateArray().Select(e => e.GetProperty("fingerprint").GetString()!).ToArray();
        var shown = await RunAsync("logs", "show", errors[0]);
        var merged = await RunAsync("logs", "merge", errors[0], errors[1], "--reason", "one lamp");
        var split = await RunAsync("logs", "split", errors[0], "--reason", "two lamps");
        var muted = await RunAsync("logs", "mute", errors[0], "--reason", "known");
        var loud = await RunAsync("logs", "mute", errors[0], "--off");
        var resolved = await RunAsync("logs", "resolve", errors[1], "--release", "1.1");
        var wrong = await RunAsync("logs", "errors", "--state", "opne");
        var neither = await RunAsync("logs", "mute", errors[0]);
        var absent = await RunAsync("logs", "show", "m1-0");

        Assert.Matches(@"Errors +2", crawled.Output);
        Assert.Equal(2, errors.Length);
        foreach (var run in new[] { crawled, listed, shown, merged, split, muted, loud, resolved }) Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error.Replace("Done.\n", "", StringComparison.Ordinal)));
        Assert.DoesNotContain('\u001b', shown.Output);
        Assert.Contains("Did you mean open?", wrong.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Misuse, ExitCode.Refused), (neither.ExitCode, absent.ExitCode));
    }

    [Fact]
    public async Task Sources_rules_and_repositories_are_set_listed_and_removed()
    {
        var added = await RunAsync("logs", "sources", "add", "pods", "--kind", "kubernetes", "--path", engine.Path("pods"), "--disabled");
        var sources = await RunAsync("logs", "sources", "list");
        var wrong = await RunAsync("logs", "sources", "add", "loki", "--kind", "loki", "--loki-url", "http://127.0.0.1:9");
        var rule = await RunAsync("logs", "rules", "set", "payments", "--kind", "rate", "--threshold", "3", "--span", "00:10:00", "--service", "pay");
        var rules = await RunAsync("logs", "rules", "list");
        var repository = await RunAsync("logs", "repositories", "set", Path.GetTempPath(), "--map", "/app/=src/");
        var repositories = await RunAsync("logs", "repositories", "list");

        Assert.Equal((ExitCode.Done, ExitCode.Done, ExitCode.Done), (added.ExitCode, rule.ExitCode, repository.ExitCode));
        Assert.Matches("pods +kubernetes +no", sources.Output);
        Assert.Contains("query", wrong.Error, StringComparison.Ordinal);
        Assert.Matches("payments +rate +3", rules.Output);
        Assert.Contains("/app/ = src/", repositories.Output, StringComparison.Ordinal);
        foreach (var args in new[] { "logs sources remove pods", "logs rules remove payments", "logs repositories remove" })
        {
            Assert.Equal(ExitCode.Done, (await RunAsync(args.Split(' '))).ExitCode);
            Assert.Equal(ExitCode.Refused, (await RunAsync(args.Split(' '))).ExitCode);
        }
    }

    Task<CommandLineRun> RunAsync(params string[] args) =>
        CommandLineRun.OfAsync(new Dictionary<string, string> { ["ENGINE_URL"] = $"{engine.Server.Url}", ["ENGINE_TOKEN"] = engine.Server.AdminToken }, args);
}
