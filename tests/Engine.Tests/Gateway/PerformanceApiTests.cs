using System.Net.Http.Json;
using System.Text;
using Dapper;
using Engine.Access;
using Engine.Gateway;
using Engine.Http;
using Engine.Schedules;
using Microsoft.Extensions.DependencyInjection;
using Routing.Calls;
using Routing.Catalog;
using Routing.Learning;
using Routing.Performance;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>What people see of models and do about them, over the API of a running engine.</summary>
public sealed class PerformanceApiTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly EngineServer engine = new();
    List<PolicyToRank> policies = [];

    public Task InitializeAsync()
    {
        engine.Additions = services => services.AddSingleton<PoliciesToRank>(() => policies);
        return engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task What_was_seen_is_listed_by_window_newest_first_and_page_by_page()
    {
        var now = engine.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var record = engine.Services.GetRequiredService<RecordPerformance>();
        for (var i = 0; i < 3; i++)
            foreach (var model in new[] { "a/small", "b/big" })
                record.Add("openrouter", model, "normal", now - TimeSpan.FromDays(i), new CallEnd("succeeded", 0.001m, false, new TokenUsage(10, 5), TimeSpan.FromSeconds(1)));
        record.Add("openrouter", "a/small", "other", now, new CallEnd("failed", 0, false, TokenUsage.None, TimeSpan.FromSeconds(1), ErrorKind: "timeout"));
        await record.FlushAsync(CancellationToken.None);

        var all = new List<PerformanceResponse>();
        for (string? next = ""; next is not null;)
        {
            var page = await GetAsync<Page<PerformanceResponse>>($"/api/routing/performance?window=day&policy=normal&limit=4&page_token={next}");
            all.AddRange(page.Items);
            next = page.NextPageToken;
        }
        var filtered = await GetAsync<Page<PerformanceResponse>>($"/api/routing/performance?window=hour&model=a%2Fsmall&policy=normal&since={Uri.EscapeDataString($"{now - TimeSpan.FromHours(1):O}")}");

        Assert.Equal(6, all.Count);
        Assert.Equal(all.OrderByDescending(r => r.WindowStart).ThenBy(r => r.Model, StringComparer.Ordinal), all);
        Assert.Equal(("a/small", 1L, 0.001m), (Assert.Single(filtered.Items).Model, filtered.Items[0].Requests, filtered.Items[0].CostUsd));
        Assert.Equal((400, "invalid_request"), await CodeAsync(await engine.Admin.GetAsync("/api/routing/performance?window=year")));
        Assert.Equal((400, "page_token_invalid"), await CodeAsync(await engine.Admin.GetAsync("/api/routing/performance?page_token=x")));
        Assert.Equal((400, "invalid_request"), await CodeAsync(await engine.Admin.GetAsync("/api/routing/performance?model=%00")));
        Assert.Contains("engine_routing_failures_total{", await engine.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_out_degrades_the_health_until_a_person_resets_it_and_is_named()
    {
        var health = engine.Services.GetRequiredService<RouteHealth>();
        health.Ended("openrouter", "a/small", "failed", "authentication", TimeSpan.FromSeconds(1));

        await Eventually.TrueAsync(async () => (await GetAsync<Page<RouteHealthResponse>>("/api/routing/health")).Items is [{ IsOut: true }], Soon, "it is in the table");
        await Eventually.TrueAsync(async () => (await engine.Admin.GetStringAsync("/health/ready")).Contains("openrouter (authentication)", StringComparison.Ordinal), Soon, "the health says so");
        Assert.False(health.MayCall("openrouter", "b/big"));
        Assert.Contains("engine_routing_breaker", await engine.Admin.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal((404, "not_found"), await CodeAsync(await PostAsync("/api/routing/health/ollama/reset", "{}")));
        Assert.Equal((404, "not_found"), await CodeAsync(await PostAsync("/api/routing/health/openrouter/reset", """{"model":"a/small"}""")));
        var reset = await (await PostAsync("/api/routing/health/openrouter/reset", """{"reason":"new key"}""")).Content.ReadAsStringAsync();

        Assert.Equal("""{"provider":"openrouter","models":[""]}""", reset);
        await Eventually.TrueAsync(() => health.MayCall("openrouter", "b/big"), Soon, "it may be called");
        Assert.Equal(("closed", false), ((await GetAsync<Page<RouteHealthResponse>>("/api/routing/health")).Items[0].State, (await GetAsync<Page<RouteHealthResponse>>("/api/routing/health")).Items[0].IsOut));
        Assert.Equal(["""{"reason": "new key", "breakers": [{"model": "", "state": "open", "because": "authentication"}]}"""], await AuditAsync("routing.reset"));
    }

    [Theory]
    [InlineData("\"good\"", 1.0)]
    [InlineData("\"bad\"", -1.0)]
    [InlineData("0.25", 0.25)]
    public async Task A_verdict_is_attached_to_a_selection(string verdict, double kept)
    {
        var selectionId = await engine.Database.AddSelectionAsync(new EnteredCall(engine.Services.GetRequiredService<TimeProvider>().GetUtcNow()));

        var given = await (await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":{{verdict}},"source":"user","reason":"read it"}""")).Content.ReadFromJsonAsync<FeedbackResponse>(EngineJson.Options);
        var again = await (await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":{{verdict}},"source":"user"}""")).Content.ReadFromJsonAsync<FeedbackResponse>(EngineJson.Options);

        Assert.Equal(((decimal)kept, FeedbackOutcome.Given), (given!.Verdict, given.Outcome));
        Assert.Equal(FeedbackOutcome.Unchanged, again!.Outcome);
        var row = Assert.Single((await GetAsync<Page<PerformanceResponse>>("/api/routing/performance?window=day")).Items);
        Assert.Equal((1L, (1 + (decimal)kept) / 2, (1 - (decimal)kept) / 2), (row.Verdicts, row.Good, row.Bad));
    }

    [Fact]
    public async Task A_verdict_that_is_none_is_refused()
    {
        var selectionId = await engine.Database.AddSelectionAsync(new EnteredCall(engine.Services.GetRequiredService<TimeProvider>().GetUtcNow()));
        foreach (var verdict in new[] { "1.01", "-2", "\"fine\"", "null", "1e400", "[1]" })
            Assert.Equal(400, (int)(await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":{{verdict}},"source":"user"}""")).StatusCode);
        Assert.Equal(400, (int)(await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":1,"source":"nobody"}""")).StatusCode);
        Assert.Equal((400, "invalid_request"), await CodeAsync(await PostAsync("/api/routing/feedback", $$"""{"selection_id":"{{selectionId}}","verdict":1,"source":"user","reason":"a\u0000b"}""")));
        Assert.Equal((404, "not_found"), await CodeAsync(await PostAsync("/api/routing/feedback", """{"selection_id":"01980000-0000-7000-8000-000000000000","verdict":1,"source":"user"}""")));
    }

    [Fact]
    public async Task Ranks_are_pinned_shown_and_cleared_and_the_audit_log_names_who()
    {
        policies = [new PolicyToRank("normal", [new ModelToRank("openrouter", "a/small"), new ModelToRank("openrouter", "b/big")], RankWeights.Balanced)];
        Assert.Equal(204, (int)(await PutAsync("/api/routing/ranks/normal", """{"models":[{"provider":"openrouter","model":"b/big"}],"reason":"trial"}""")).StatusCode);
        var told = await RunDutyAsync("rank_models");

        var ranks = (await GetAsync<RanksResponse>("/api/routing/ranks")).Ranks;
        Assert.Equal("1 policies looked at, 0 models moved.", told);
        Assert.Equal([(1, "b/big", "trial", true), (2, "a/small", "as the policy says", false)], ranks.Select(r => (r.Position, r.Model, r.Reason, r.PinnedBy is not null)));
        Assert.Equal(204, (int)(await engine.Admin.DeleteAsync("/api/routing/ranks/normal")).StatusCode);
        Assert.Equal((404, "not_found"), await CodeAsync(await engine.Admin.DeleteAsync("/api/routing/ranks/normal")));
        Assert.Empty((await GetAsync<RanksResponse>("/api/routing/ranks")).Ranks);
        Assert.Single(await AuditAsync("routing.pin"));
        Assert.Single(await AuditAsync("routing.clear"));
    }

    [Theory]
    [InlineData("""{"models":[]}""")]
    [InlineData("""{"models":[{"provider":"","model":"a"}]}""")]
    [InlineData("""{"models":[{"provider":"p","model":"a"},{"provider":"p","model":"a"}]}""")]
    [InlineData("""{"models":[{"provider":"p","model":"a\u0000"}]}""")]
    public async Task Pins_that_make_no_sense_are_refused(string body) =>
        Assert.Equal((400, "invalid_request"), await CodeAsync(await PutAsync("/api/routing/ranks/normal", body)));

    [Fact]
    public async Task Duties_prune_and_reconcile_and_readers_change_nothing()
    {
        using var reader = engine.Client(await engine.TokenAsync(Roles.Reader));

        Assert.Equal("Deleted 0 windows of what was seen of models.", await RunDutyAsync("prune_performance"));
        Assert.Equal("0 comparisons with what providers bill; all agree with the ledger.", await RunDutyAsync("reconcile_costs"));
        Assert.Equal(200, (int)(await reader.GetAsync("/api/routing/health")).StatusCode);
        foreach (var (method, path) in new[] { ("POST", "/api/routing/feedback"), ("POST", "/api/routing/health/p/reset"), ("PUT", "/api/routing/ranks/normal"), ("DELETE", "/api/routing/ranks/normal") })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
            Assert.Equal(403, (int)(await reader.SendAsync(request)).StatusCode);
        }
    }

    async Task<string> RunDutyAsync(string name) =>
        await engine.Services.GetServices<IScheduledDuty>().Single(d => d.Name == name).RunAsync(new ScheduledFire(Guid.Empty, name, name, default, true, default), CancellationToken.None);

    async Task<IEnumerable<string>> AuditAsync(string action)
    {
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        return await connection.QueryAsync<string>("select details::text from audit_log where action = @action and actor like 'token:%'", new { action });
    }

    async Task<T> GetAsync<T>(string path) => (await engine.Admin.GetFromJsonAsync<T>(path, EngineJson.Options))!;

    Task<HttpResponseMessage> PostAsync(string path, string body) => engine.Admin.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    Task<HttpResponseMessage> PutAsync(string path, string body) => engine.Admin.PutAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    static async Task<(int, string)> CodeAsync(HttpResponseMessage response)
    {
        var (status, code, _) = await response.ProblemAsync();
        return (status, code);
    }
}
