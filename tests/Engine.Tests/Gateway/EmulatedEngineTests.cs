using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Emulators.OpenRouter;
using Emulators.OpenRouter.Accounts;
using Engine.Gateway;
using Engine.Http;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>An engine as a newcomer starts it, with no key and no provider.</summary>
public sealed class EmulatedEngineTests : IAsyncLifetime
{
    const string Key = "sk-or-v1-0123456789abcdef";

    readonly EngineServer engine = new();

    public Task InitializeAsync()
    {
        engine.Environment["ENGINE__ROUTING__EMULATE"] = "true";
        engine.Environment["ENGINE__WORKERS__SLOTS"] = "0";
        return engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task Every_surface_says_that_answers_are_emulated_and_the_engine_is_ready_all_the_same()
    {
        await SyncedAsync("emulator");
        var routing = await RoutingAsync("degraded");
        var home = await engine.Anonymous.GetStringAsync("/");
        var status = await RunAsync("status");
        var providers = await RunAsync("providers", "list");
        var doctor = await RunAsync("doctor");

        Assert.Contains("all answers are EMULATED, by emulator", routing, StringComparison.Ordinal);
        Assert.Contains("ENGINE__ROUTING__OPENROUTERKEY", routing, StringComparison.Ordinal);
        Assert.Contains("is ready", home, StringComparison.Ordinal);
        Assert.Contains("EMULATED", home, StringComparison.Ordinal);
        Assert.StartsWith("ready\n", status.Output, StringComparison.Ordinal);
        Assert.Contains("EMULATED", status.Output, StringComparison.Ordinal);
        Assert.Matches("emulator +emulator +http://127.0.0.1:[0-9]+/api/v1 +yes, EMULATED", providers.Output);
        Assert.Matches("WARN +routing +The engine says: all answers are EMULATED", doctor.Output);
    }

    [Fact]
    public async Task A_provider_that_somebody_sets_up_takes_the_emulators_place_at_once()
    {
        await SyncedAsync("emulator");
        await using var real = await OpenRouterEmulator.StartAsync(new() { Keys = [new EmulatedKey(Key)] }, CancellationToken.None);
        var file = Path.Combine(engine.DataFolder, "key");
        await File.WriteAllTextAsync(file, Key);

        var added = await RunAsync("providers", "add", "openrouter", "--kind", "openrouter", "--base-url", $"{real.BaseUrl}", "--key-file", file);

        Assert.Equal(("", 0), (added.Error, (int)added.ExitCode));
        Assert.Equal([("emulator", false), ("openrouter", true)], await ProvidersAsync());
        Assert.Equal("all models may be called", await RoutingAsync("ok"));
    }

    [Fact]
    public async Task Started_again_with_a_key_it_calls_OpenRouter_and_emulates_nothing()
    {
        await SyncedAsync("emulator");
        await using var real = await OpenRouterEmulator.StartAsync(new() { Keys = [new EmulatedKey(Key)] }, CancellationToken.None);
        await engine.StopAsync();
        (engine.Environment["ENGINE__ROUTING__OPENROUTERKEY"], engine.Environment["ENGINE__ROUTING__OPENROUTERURL"]) = (Key, $"{real.BaseUrl}");

        await engine.StartAsync();

        await SyncedAsync("openrouter");
        Assert.Equal([("emulator", false), ("openrouter", true)], await ProvidersAsync());
        Assert.Equal("all models may be called", await RoutingAsync("ok"));
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        Assert.True(await connection.ExecuteScalarAsync<bool>("select (select count(*) from v_models where provider = 'emulator') > 10")); // its history stays
    }

    Task SyncedAsync(string provider) => Eventually.TrueAsync(
        async () => (await engine.Admin.GetFromJsonAsync<Page<ProviderResponse>>("/api/providers", EngineJson.Options))!.Items.Any(p => p.Name == provider && p is { Enabled: true, Models: > 10 }),
        TimeSpan.FromSeconds(20), $"{provider} is synced");

    async Task<IReadOnlyList<(string, bool)>> ProvidersAsync() =>
        [.. (await engine.Admin.GetFromJsonAsync<Page<ProviderResponse>>("/api/providers", EngineJson.Options))!.Items.Select(p => (p.Name, p.Enabled))];

    /// <returns>What the check says once it has this status; the engine is ready meanwhile.</returns>
    async Task<string> RoutingAsync(string status)
    {
        var detail = "";
        await Eventually.TrueAsync(async () =>
        {
            var ready = await engine.Anonymous.GetFromJsonAsync<JsonElement>("/health/ready");
            Assert.Equal("ready", ready.GetProperty("status").GetString());
            var check = ready.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "routing");
            detail = check.GetProperty("detail").GetString()!;
            return check.GetProperty("status").GetString() == status;
        }, TimeSpan.FromSeconds(10), $"routing is {status}");
        return detail;
    }

    Task<CommandLineRun> RunAsync(params string[] args) => CommandLineRun.OfAsync(
        new Dictionary<string, string> { ["ENGINE_URL"] = $"{engine.Url}", ["ENGINE_TOKEN"] = engine.AdminToken, ["ENGINE_DATA"] = engine.DataFolder }, args);
}
