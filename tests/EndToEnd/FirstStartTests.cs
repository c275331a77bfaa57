using Emulators.OpenRouter;
using Emulators.OpenRouter.Accounts;
using Support;

namespace EndToEnd;

/// <summary>What a newcomer sees who gives the engine nothing, and later a key.</summary>
public sealed class FirstStartTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    const string Key = "sk-or-v1-0123456789abcdef";
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Without_a_key_answers_are_emulated_and_said_to_be_until_one_is_given()
    {
        var variables = new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString,
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = database.OwnerConnectionString,
        };
        await using (var engine = await EngineProcess.StartAsync(folder.Path, variables))
        {
            await Eventually.TrueAsync(async () => (await engine.CommandAsync("models", "list", "--provider", "emulator", "--search", "gpt-4o-mini")).Output.Contains("selectable", StringComparison.Ordinal),
                Soon, "the emulator's models are there");
            Assert.Contains("EMULATED", (await engine.CommandAsync("status")).Output, StringComparison.Ordinal);
            var asked = await engine.CommandAsync("ask", "--policy", "normal", "Hello");
            Assert.Equal(0, asked.ExitCode);
            Assert.NotEqual("", asked.Output.Trim());
            Assert.Contains("openai/gpt-4o-mini at emulator, EMULATED at no real cost · policy normal", asked.Error, StringComparison.Ordinal);
            Assert.Contains("yes, EMULATED", (await engine.CommandAsync("providers", "list")).Output, StringComparison.Ordinal);
            var doctor = await EngineProcess.RunAsync(folder.Path, variables, ["doctor", "--url", $"{engine.Url}"]);
            Assert.Equal(0, doctor.ExitCode);
            Assert.Matches("WARN +models +Answers of models are EMULATED", doctor.Output);
            Assert.Contains("Answers of models are EMULATED, at http://127.0.0.1:", engine.Log, StringComparison.Ordinal);
            Assert.Contains("Set ENGINE__ROUTING__OPENROUTERKEY", engine.Log, StringComparison.Ordinal);
            Assert.Equal(0, await engine.StopAsync());
        }

        await using var openRouter = await OpenRouterEmulator.StartAsync(new() { Keys = [new EmulatedKey(Key)] }, CancellationToken.None);
        (variables["ENGINE__ROUTING__OPENROUTERKEY"], variables["ENGINE__ROUTING__OPENROUTERURL"]) = (Key, $"{openRouter.BaseUrl}");
        await using (var engine = await EngineProcess.StartAsync(folder.Path, variables))
        {
            await Eventually.TrueAsync(async () => (await engine.CommandAsync("models", "list", "--provider", "openrouter", "--search", "gpt-4o-mini")).Output.Contains("selectable", StringComparison.Ordinal),
                Soon, "OpenRouter's models are there");
            Assert.Contains("openai/gpt-4o-mini at openrouter · policy normal", (await engine.CommandAsync("ask", "--policy", "normal", "Hello")).Error, StringComparison.Ordinal);
            var providers = (await engine.CommandAsync("providers", "list")).Output;
            Assert.Matches("emulator +emulator +[^ ]+ +no ", providers);
            Assert.Matches("openrouter +openrouter +[^ ]+ +yes ", providers);
            Assert.DoesNotContain("EMULATED", (await engine.CommandAsync("status")).Output + engine.Log, StringComparison.Ordinal);
            Assert.DoesNotContain(Key, engine.Log, StringComparison.Ordinal);
        }
    }
}
