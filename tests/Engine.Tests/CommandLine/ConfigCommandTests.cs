using System.Text.Json;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.CommandLine;

public sealed class ConfigCommandTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly Dictionary<string, string> environment;

    public ConfigCommandTests() => environment = new() { ["ENGINE_DATA"] = folder.Path };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Settings_are_shown_with_their_origin_and_secrets_are_not()
    {
        var file = folder.File("engine.json", """{ "http": { "maxBodyBytes": 4096 } }""");
        environment["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:8000";
        environment["ENGINE__DATABASE__CONNECTIONSTRING"] = "Host=db;Password=hunter2";

        var run = await CommandLineRun.OfAsync(environment, "config", "show", "--json");

        var document = JsonElement.Parse(run.Output);
        var settings = document.GetProperty("settings").EnumerateArray().ToDictionary(
            s => s.GetProperty("key").GetString()!, s => (s.GetProperty("value").GetString(), s.GetProperty("origin").GetString()));
        Assert.Equal(3, settings.Count);
        Assert.Equal(("4096", file), settings["Engine:Http:MaxBodyBytes"]);
        Assert.Equal(("http://127.0.0.1:8000", "ENGINE__HTTP__LISTEN"), settings["Engine:Http:Listen"]);
        Assert.Equal(("(set, hidden)", "ENGINE__DATABASE__CONNECTIONSTRING"), settings["Engine:Database:ConnectionString"]);
        Assert.DoesNotContain("hunter2", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_lists_the_defaults_with_what_each_does()
    {
        var run = await CommandLineRun.OfAsync(environment, "config", "show", "--all");

        Assert.Contains("Engine:Http:BehindTls", run.Output, StringComparison.Ordinal);
        Assert.Contains("States that a TLS-terminating proxy stands in front", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_lists_every_problem_and_ends_with_1()
    {
        var file = folder.File("other.json", """{ "http": { "maxConections": 5, "behindTls": "perhaps" } }""");

        var run = await CommandLineRun.OfAsync(environment, "config", "check", "--config", file);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("Did you mean Engine:Http:MaxConnections?", run.Output, StringComparison.Ordinal);
        Assert.Contains("Engine:Http:BehindTls must be true or false, is \"perhaps\"", run.Output, StringComparison.Ordinal);
        Assert.Contains("2 problems", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_current_folder_decides_nothing()
    {
        using var clone = new TempFolder();
        clone.File("engine.json", """{ "http": { "listen": "http://127.0.0.1:1" }, "database": { "embedded": { "binariesFolder": "/tmp/theirs" } } }""");

        var run = await EngineProcess.RunAsync(folder.Path, null, ["config", "show", "--json"], "env", "-C", clone.Path);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal((JsonValueKind.Null, 0), (JsonElement.Parse(run.Output).GetProperty("file").ValueKind, JsonElement.Parse(run.Output).GetProperty("settings").GetArrayLength()));
    }

    [Fact]
    public async Task Check_is_content_with_the_defaults()
    {
        var run = await CommandLineRun.OfAsync(environment, "config", "check", "--json");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(0, JsonElement.Parse(run.Output).GetProperty("problems").GetArrayLength());
    }
}
