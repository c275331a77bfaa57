using Microsoft.Extensions.DependencyInjection;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;
using Support;

namespace Engine.Tests.Contracts;

/// <summary>What programs rely on of what was seen of models.</summary>
public sealed class PerformanceContractTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task What_was_seen_of_models_is_as_approved()
    {
        var services = engine.Services;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var (record, health) = (services.GetRequiredService<RecordPerformance>(), services.GetRequiredService<RouteHealth>());
        record.Add("openrouter", "a/small", "normal", now, new CallEnd("succeeded", 0.000037500001m, false, new TokenUsage(100, 50, 20, 0, 0, 10), TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200)));
        record.Add("openrouter", "a/small", "normal", now, new CallEnd("failed", 0, false, TokenUsage.None, TimeSpan.FromSeconds(1), ErrorKind: "timeout"));
        await record.FlushAsync(CancellationToken.None);
        health.ProviderOut("openrouter", "payment_required");
        await health.RunOnceAsync(CancellationToken.None);
        var selectionId = await engine.Database.AddSelectionAsync(new EnteredCall(now));
        using var pin = new StringContent("""{"models":[{"provider":"openrouter","model":"a/small"}],"reason":"trial"}""", System.Text.Encoding.UTF8, "application/json");
        await engine.Admin.PutAsync("/api/routing/ranks/normal", pin);

        await Approved.MatchesAsync("routing-performance.json", await engine.Admin.GetStringAsync("/api/routing/performance?window=day"));
        await Approved.MatchesAsync("routing-health.json", await engine.Admin.GetStringAsync("/api/routing/health"));
        await Approved.MatchesAsync("routing-health-reset.json", await PostAsync("/api/routing/health/openrouter/reset", "{}"));
        await Approved.MatchesAsync("routing-feedback.json", await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":"good","source":"verifier"}"""));
        await Approved.MatchesAsync("routing-ranks.json", (await engine.Admin.GetStringAsync("/api/routing/ranks")));
    }

    async Task<string> PostAsync(string path, string body) =>
        await (await engine.Admin.PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"))).Content.ReadAsStringAsync();
}
