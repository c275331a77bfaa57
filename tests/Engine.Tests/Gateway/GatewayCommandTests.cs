using System.Text.Json;
using Engine.Hosting.CommandLine;
using Routing.Providers;
using Support;
using static Support.ProviderServer;

namespace Engine.Tests.Gateway;

public sealed class GatewayCommandTests(GatewayEngine engine) : IClassFixture<GatewayEngine>
{
    const string Key = GatewayEngine.Key;

    static readonly Dictionary<string, string> Variables = new() { ["PROVIDER_KEY"] = Key, ["WRONG_KEY"] = "sk-or-v1-wrong-0123456789" };

    [Fact]
    public async Task A_provider_is_added_with_its_key_and_models_and_rotated()
    {
        using var folder = new TempFolder();
        engine.Provider.Keys = [Key, "sk-or-v1-next-0123456789"];
        engine.Provider.Models = List(Model("a/one"), Model("a/unknown", prompt: "-1"));

        var added = await RunAsync("providers", "add", "added", "--kind", "emulator", "--base-url", $"{engine.Provider.BaseUrl}", "--region", "eu", "--region", "us", "--key-env", "PROVIDER_KEY");
        var listed = await RunAsync("providers", "list");
        var rotated = await RunAsync("providers", "rotate", "added", "--key-file", folder.File("key", "sk-or-v1-next-0123456789\n"));
        var wrong = await RunAsync("providers", "rotate", "added", "--key-env", "WRONG_KEY");
        var tested = await RunAsync("providers", "test", "added", "--json");
        var back = await RunAsync("providers", "rotate", "added", "--rollback");

        Assert.Equal((ExitCode.Done, ""), (added.ExitCode, added.Error));
        Assert.Matches(@"added +synced +2 +2", added.Output);
        Assert.Contains(ProviderKey.FingerprintOf(Key), listed.Output, StringComparison.Ordinal);
        Assert.Matches(@"0123 sha256.* +retiring|6789 sha256.* +active", rotated.Output);
        Assert.Equal(ExitCode.Failed, wrong.ExitCode);
        Assert.Contains("the key is refused", wrong.Error, StringComparison.Ordinal);
        Assert.True(JsonElement.Parse(tested.Output).GetProperty("working").GetBoolean());
        Assert.Matches(@"cdef sha256:\w+ +active", back.Output);
        foreach (var run in new[] { added, listed, rotated, wrong, tested, back })
            Assert.DoesNotContain("0123456789", run.Output + run.Error, StringComparison.Ordinal);
        engine.Provider.Keys = null;
    }

    [Fact]
    public async Task Models_are_synced_listed_shown_and_compared()
    {
        await engine.AddAsync("shown", Model("shown/one"), Model("shown/unknown", prompt: "-1"));
        engine.Provider.Models = List(Model("shown/one", prompt: "0.0000003"), Model("shown/unknown", prompt: "-1"));

        var synced = await RunAsync("models", "sync", "--provider", "shown");
        var listed = await RunAsync("models", "list", "--provider", "shown");
        var unknown = await RunAsync("models", "list", "--provider", "shown", "--state", "price_unknown", "--json");
        var shown = await RunAsync("models", "show", "shown/one");
        var named = await RunAsync("models", "show", "shown/one", "--provider", "shown", "--json");
        var diff = await RunAsync("models", "diff", "--provider", "shown", "--kind", "price_up");

        Assert.Matches(@"shown +synced +2 +0 +0 +0 +1", synced.Output);
        Assert.Matches(@"shown +shown/one +selectable +128000 +16384 +0\.30 +0\.60 +provider", listed.Output);
        Assert.Equal(["shown/unknown"], JsonElement.Parse(unknown.Output).GetProperty("items").EnumerateArray().Select(m => m.GetProperty("slug").GetString()));
        Assert.Contains("0.0000003", shown.Output, StringComparison.Ordinal);
        Assert.Contains("price_up", shown.Output, StringComparison.Ordinal);
        Assert.Equal(2, JsonElement.Parse(named.Output).GetProperty("changes").GetArrayLength());
        Assert.Contains("price_up", Assert.Single(diff.Output.Trim().Split('\n').Skip(1)), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, (await RunAsync("models", "show", "shown/none")).ExitCode);
    }

    [Theory]
    [InlineData("providers add x --kind openai", ExitCode.Misuse, "--base-url")]
    [InlineData("providers add x --kind other --base-url https://example.com", ExitCode.Misuse, "openrouter")]
    [InlineData("providers add x --kind openrouter --key sk-or-v1-0123", ExitCode.Misuse, "--key")]
    [InlineData("providers add x --kind openrouter --key-env ABSENT", ExitCode.Misuse, "ABSENT")]
    [InlineData("providers add x --kind openai --base-url http://example.com", ExitCode.Refused, "https")]
    [InlineData("providers rotate x --key-env PROVIDER_KEY --key-file y", ExitCode.Misuse, "exclude")]
    [InlineData("providers rotate x --promote --rollback", ExitCode.Misuse, "exclude")]
    [InlineData("providers rotate x --key-file /nowhere/key", ExitCode.Misuse, "cannot be read")]
    [InlineData("providers rotate x --key-env PROVIDER_KEY", ExitCode.Refused, "no provider")]
    [InlineData("providers test x", ExitCode.Refused, "no provider")]
    [InlineData("models list --state perhaps", ExitCode.Misuse, "price_unknown")]
    [InlineData("models sync --provider x", ExitCode.Refused, "no provider")]
    public async Task What_cannot_be_done_is_told(string command, ExitCode code, string mentions)
    {
        var run = await RunAsync(command.Split(' '));

        Assert.Equal(code, run.ExitCode);
        Assert.Contains(mentions, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_read_from_standard_input()
    {
        engine.Provider.Models = List(Model("a/one"));
        using StringWriter output = new(), error = new();
        var environment = new Dictionary<string, string> { ["ENGINE_URL"] = $"{engine.Server.Url}", ["ENGINE_TOKEN"] = engine.Server.AdminToken };
        using var input = new StringReader(Key + "\nmore");
        var frame = new CommandFrame(new Terminal(output, error, false, false, false), environment, TimeProvider.System) { Input = input };

        var code = await EngineCommand.RunAsync(
            ["providers", "add", "piped", "--kind", "emulator", "--base-url", $"{engine.Provider.BaseUrl}", "--key-file", "-"], frame, CancellationToken.None);

        Assert.Equal(("", (int)ExitCode.Done), ($"{error}", code));
        Assert.Contains(("/v1/models", $"Bearer {Key}", ""), engine.Provider.Asked);
    }

    Task<CommandLineRun> RunAsync(params string[] args) => engine.RunAsync(Variables, args);
}
