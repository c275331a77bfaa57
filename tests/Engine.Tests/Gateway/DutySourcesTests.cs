using System.Net.Http.Json;
using System.Text.Json;
using Emulators.OpenRouter;
using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Engine.Gateway;
using Engine.Http;
using Engine.Schedules;
using Microsoft.Extensions.DependencyInjection;
using Routing;
using Routing.Calls;
using Routing.Catalog;
using Routing.Providers;
using Routing.Selection;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>The duties on what the engine itself has for them.</summary>
public sealed class DutySourcesTests : IAsyncLifetime
{
    const string Key = "sk-or-v1-0123456789abcdef";

    readonly EngineServer engine = new();

    public Task InitializeAsync()
    {
        engine.Environment["ENGINE__WORKERS__SLOTS"] = "0";
        engine.Additions = services => services.AddSingleton(new SnapshotSources { Models = _ => Task.FromResult(RoutedEngine.Catalog) });
        return engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task The_policies_that_the_engine_comes_with_are_ranked()
    {
        await engine.Services.GetRequiredService<KeepSnapshot>().First.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("4 policies looked at, 0 models moved.", await RunDutyAsync("rank_models"));

        var ranks = (await engine.Admin.GetFromJsonAsync<RanksResponse>("/api/routing/ranks", EngineJson.Options))!.Ranks;
        Assert.Equal([(1, "openai/gpt-4o"), (2, "anthropic/claude-sonnet-4.5")], ranks.Where(r => r.Policy == "code").Select(r => (r.Position, r.Model)));
        Assert.Equal(["anthropic/claude-haiku-4.5"], ranks.Where(r => r.Policy == "ops").Select(r => r.Model)); // the other one is in no catalog
        Assert.Contains(ranks, r => r is { Policy: "deep", Model: "anthropic/claude-opus-4.1" }); // a successor
    }

    [Fact]
    public async Task Nothing_drifts_while_all_that_is_billed_is_in_the_ledger_and_what_is_not_is_told()
    {
        await using var openRouter = await OpenRouterEmulator.StartAsync(new() { Keys = [new EmulatedKey(Key)], Rules = [new Rule { Answer = "done", Usage = new(Prompt: 0, Completion: 10_000) }] }, CancellationToken.None);
        var file = Path.Combine(engine.DataFolder, "key");
        await File.WriteAllTextAsync(file, Key);
        var added = await CommandLineRun.OfAsync(new Dictionary<string, string> { ["ENGINE_URL"] = $"{engine.Url}", ["ENGINE_TOKEN"] = engine.AdminToken, ["ENGINE_DATA"] = engine.DataFolder },
            "providers", "add", "openrouter", "--kind", "openrouter", "--base-url", $"{openRouter.BaseUrl}", "--key-file", file);
        Assert.Equal("", added.Error);
        Assert.Equal("4 comparisons with what providers bill; all agree with the ledger.", await RunDutyAsync("reconcile_costs")); // three days, and the first look at the meter

        for (var n = 0; n < 3; n++) Assert.Equal(0.1m, await CallAsync(isEntered: true));
        Assert.Equal("4 comparisons with what providers bill; all agree with the ledger.", await RunDutyAsync("reconcile_costs"));
        await CallAsync(isEntered: false);

        var drift = await Assert.ThrowsAsync<DutyFailedException>(() => RunDutyAsync("reconcile_costs"));
        Assert.StartsWith("openrouter billed $0.1 from ", drift.Message, StringComparison.Ordinal);
        Assert.EndsWith(", the ledger has $0.", drift.Message, StringComparison.Ordinal);
        Assert.Equal(0.4m, openRouter.Ledger.TotalUsd);
    }

    /// <returns>What was billed.</returns>
    async Task<decimal> CallAsync(bool isEntered)
    {
        var access = (await engine.Services.GetRequiredService<ReadProviders>().FindAsync("openrouter", CancellationToken.None))!;
        var ledger = engine.Services.GetRequiredService<CallLedger>();
        var now = TimeProvider.System.GetUtcNow();
        var call = !isEntered ? null : Assert.IsType<CallOpening.Opened>(await ledger.OpenAsync(new NewCall(Guid.CreateVersion7(now), new CallOrigin(Guid.CreateVersion7(now)), 1, "code", 1, "openrouter",
            "openai/gpt-4o", NanoUsd.Ceiling(0.2m), 0.1m, ["a test"], [], 10_000, false), CancellationToken.None)).Call;
        using var request = new HttpRequestMessage(HttpMethod.Post, access.Provider.Endpoint("chat/completions"))
        {
            Content = JsonContent.Create(new { model = "openai/gpt-4o", messages = new[] { new { role = "user", content = "Hello" } } }),
        };
        access.Key!.Authorize(request.Headers);
        using var answer = await engine.Services.GetRequiredService<ProviderHttp>().For(access.Provider).SendAsync(request);
        var cost = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("usage").GetProperty("cost").GetDecimal();
        if (call is not null) ledger.Close(call, new CallEnd("succeeded", cost, false, new TokenUsage(0, 10_000), TimeSpan.FromSeconds(1)));
        await ledger.FlushAsync(CancellationToken.None);
        return cost;
    }

    Task<string> RunDutyAsync(string name) => engine.Services.GetServices<IScheduledDuty>().Single(d => d.Name == name)
        .RunAsync(new ScheduledFire(Guid.Empty, name, name, default, true, default), CancellationToken.None);
}
