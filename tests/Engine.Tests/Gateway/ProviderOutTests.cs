using System.Net.Http.Json;
using System.Text.Json;
using Emulators.OpenRouter;
using Emulators.OpenRouter.Faults;
using Routing.Performance;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>Two providers of the same models, one of which refuses our key or our money.</summary>
public sealed class ProviderOutTests : IAsyncLifetime
{
    readonly CallingEngine engine = new();
    OpenRouterEmulator other = null!;

    public async Task InitializeAsync()
    {
        await engine.InitializeAsync();
        other = await OpenRouterEmulator.StartAsync(new OpenRouterOptions(), CancellationToken.None);
        (await engine.Server.Admin.PutAsync("/api/providers/other", CallingEngine.Json($$"""{"kind":"emulator","base_url":"{{other.BaseUrl}}"}"""))).EnsureSuccessStatusCode();
        (await engine.Server.Admin.PostAsync("/api/models/sync", CallingEngine.Json("""{"provider":"other"}"""))).EnsureSuccessStatusCode();
        await engine.FollowAsync();
    }

    public async Task DisposeAsync()
    {
        await engine.DisposeAsync();
        await other.DisposeAsync();
    }

    [Theory]
    [InlineData("401")]
    [InlineData("402")]
    public async Task It_is_called_no_more_and_alarms_while_the_other_serves(string fault)
    {
        engine.OpenRouter.Faults.Add(new FaultRule(fault));

        var (text, name, done) = await engine.AnswerAsync("""{"prompt":"Hello.","policy":"normal"}""");
        var asked = engine.OpenRouter.Ledger.Calls;
        await engine.AnswerAsync("""{"prompt":"Hello again.","policy":"code"}""");

        Assert.Equal(("done", "other"), (name, done.GetProperty("provider").GetString()));
        Assert.NotEqual("", text);
        Assert.Equal((1L, asked), (asked, engine.OpenRouter.Ledger.Calls));
        await engine.Get<RouteHealth>().RunOnceAsync(CancellationToken.None);
        await Eventually.TrueAsync(async () => (await engine.Server.Admin.GetFromJsonAsync<JsonElement>("/api/status")).GetRawText() is var status
            && status.Contains("degraded", StringComparison.Ordinal) && status.Contains("emulated", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the status names the provider");
    }

    [Fact]
    public async Task A_silent_provider_is_left_for_the_other_within_the_time_that_is_set()
    {
        engine.OpenRouter.Faults.Add(new FaultRule("silence"));

        var (_, name, done) = await engine.AnswerAsync("""{"prompt":"Hello.","policy":"ops"}""");

        Assert.Equal(("done", "other", 2), (name, done.GetProperty("provider").GetString(), done.GetProperty("attempts").GetInt32()));
        Assert.Equal("failed silent", await engine.ReadAsync<string>("select outcome || ' ' || error_kind from model_selections where provider = 'emulated'"));
    }
}
