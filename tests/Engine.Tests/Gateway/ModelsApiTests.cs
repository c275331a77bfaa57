using System.Net;
using Engine.Access;
using Engine.Gateway;
using Engine.Http;
using Engine.Schedules;
using Microsoft.Extensions.DependencyInjection;
using Routing.Catalog;
using Support;
using static Support.ProviderServer;

namespace Engine.Tests.Gateway;

public sealed class ModelsApiTests(GatewayEngine engine) : IClassFixture<GatewayEngine>
{
    [Fact]
    public async Task Models_are_listed_page_by_page_and_filtered()
    {
        await engine.AddAsync("listed", Model("a/one"), Model("a/two", prompt: "-1"), Model("b/small", context: 4096), Model("c/ONE-big", context: 1_000_000));
        var seen = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await engine.GetAsync<Page<ModelResponse>>($"/api/models?provider=listed&limit=2{(next == "" ? "" : $"&page_token={next}")}");
            seen.AddRange(page.Items.Select(m => m.Slug));
            next = page.NextPageToken;
        }

        Assert.Equal(["a/one", "a/two", "b/small", "c/ONE-big"], seen.Order(StringComparer.Ordinal));
        Assert.Equal(["a/two"], await SlugsAsync("&state=price_unknown"));
        Assert.Equal(["a/one", "c/ONE-big"], await SlugsAsync("&search=one"));
        Assert.Equal(["c/ONE-big"], await SlugsAsync("&min_context=500000"));
        Assert.Equal(4, (await SlugsAsync("&parameter=tools&modality=image")).Count);
        Assert.Empty(await SlugsAsync("&parameter=reasoning"));
        Assert.Empty(await SlugsAsync("&corrected=true"));
        var one = await engine.GetAsync<ModelResponse>("/api/models/listed/a/one");
        Assert.Equal((0.00000015m, 0.0000006m, "provider", "selectable"), (one.Price!.PromptUsd, one.Price.CompletionUsd, one.PriceOrigin, one.State));

        async Task<IReadOnlyList<string>> SlugsAsync(string filter) =>
            [.. (await engine.GetAsync<Page<ModelResponse>>($"/api/models?provider=listed{filter}")).Items.Select(m => m.Slug).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_slug_may_hold_what_slugs_hold()
    {
        await engine.AddAsync("odd", Model("~author/family-latest"), Model("meta/llama-3:free"), Model("a/b/c"), Model("100%/q?x#y"));

        foreach (var slug in new[] { "~author/family-latest", "meta/llama-3:free", "a/b/c", "100%25/q%3Fx%23y" })
            Assert.Equal(Uri.UnescapeDataString(slug), (await engine.GetAsync<ModelResponse>($"/api/models/odd/{slug}")).Slug);
    }

    [Fact]
    public async Task A_correction_needs_what_was_read_and_is_recorded_with_who_made_it()
    {
        await engine.AddAsync("corrected", Model("a/one"));
        var read = await engine.Admin.GetAsync("/api/models/corrected/a/one");
        const string Correction = """{"price":{"prompt_usd":0.000001,"completion_usd":0.000002,"cache_write_1h_usd":0.000003},"context_tokens":8000,"note":"by contract"}""";

        var corrected = await GatewayEngine.ReadAsync<ModelResponse>(await engine.PutAsync("/api/models/corrected/a/one", Correction, $"{read.Headers.ETag}"));
        var again = await engine.PutAsync("/api/models/corrected/a/one", "{}", $"{read.Headers.ETag}");

        Assert.Equal((0.000001m, 0.000003m, "manual", 8000L, "by contract", 2L),
            (corrected.Price!.PromptUsd, corrected.Price.CacheWrite1hUsd!.Value, corrected.PriceOrigin, corrected.ContextTokens!.Value, corrected.Note, corrected.Version));
        Assert.StartsWith("token:", corrected.CorrectedBy, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await engine.PutAsync("/api/models/corrected/a/one", corrected.Correction!.Value.GetRawText(), "\"v2\"")).StatusCode); // what is read can be put
        Assert.Equal((412, "version_mismatch"), Code(await again.ProblemAsync()));
        var entry = (await engine.AuditAsync("model:corrected/a/one"))[0];
        Assert.Equal(("model.correct", 8000), (entry.Action, entry.Details.GetProperty("context_tokens").GetInt32()));
        var change = (await engine.GetAsync<Page<ModelChangeResponse>>("/api/models/changes?provider=corrected&kind=corrected")).Items;
        Assert.Equal(2, change.Count);
        Assert.Equal(change[0].Detail.GetRawText(), change[1].Detail.GetRawText());
        Assert.Equal("by contract", change[0].Detail.GetProperty("note").GetString());
    }

    [Theory]
    [InlineData("a/one", """{"price":{"prompt_usd":-1,"completion_usd":0}}""", "\"v1\"", 400, "invalid_request", "price")]
    [InlineData("a/one", """{"price":{"prompt_usd":0,"completion_usd":0}}""", "\"v1\"", 400, "invalid_request", "above zero")]
    [InlineData("a/one", """{"price":{"prompt_usd":1}}""", "\"v1\"", 400, "invalid_request", "completion_usd")]
    [InlineData("a/one", """{"prise":{}}""", "\"v1\"", 400, "invalid_request", "prise")]
    [InlineData("a/one", "{}", null, 428, "precondition_required", "If-Match")]
    [InlineData("a/one", "{}", "\"v7\"", 412, "version_mismatch", "\"v1\"")]
    [InlineData("a/none", "{}", "\"v1\"", 404, "not_found", "a/none")]
    [InlineData("", "{}", "\"v1\"", 404, "not_found", "refused")]
    public async Task A_correction_that_cannot_be_is_told_why(string slug, string body, string? etag, int status, string code, string mentions)
    {
        if ((await engine.Admin.GetAsync("/api/models/refused/a/one")).StatusCode == HttpStatusCode.NotFound) await engine.AddAsync("refused", Model("a/one"));

        var problem = await (await engine.PutAsync($"/api/models/refused/{slug}", body, etag)).ProblemAsync();

        Assert.Equal((status, code), Code(problem));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/models?state=perhaps", 400, "invalid_request")]
    [InlineData("/api/models?search=%00", 400, "invalid_request")]
    [InlineData("/api/models?limit=0", 400, "invalid_request")]
    [InlineData("/api/models?page_token=x", 400, "page_token_invalid")]
    [InlineData("/api/models/changes?kind=other", 400, "invalid_request")]
    [InlineData("/api/models/changes?slug=%00", 400, "invalid_request")]
    [InlineData("/api/models/changes?page_token=WyJhIiwiYiJd", 400, "page_token_mismatch")]
    [InlineData("/api/models/absent/a/one", 404, "not_found")]
    [InlineData("/api/models/absent", 404, "not_found")]
    public async Task What_cannot_be_listed_is_told(string path, int status, string code) => Assert.Equal((status, code), Code(await (await engine.Admin.GetAsync(path)).ProblemAsync()));

    [Fact]
    public async Task A_sync_tells_what_came_of_each_provider()
    {
        await engine.AddAsync("synced", Model("a/one"), Model("a/two"), Model("a/three"));

        engine.Provider.Models = List(Model("a/one"));
        var suspicious = await SyncAsync("""{"provider":"synced"}""");
        var forced = await SyncAsync("""{"provider":"synced","force":true}""");
        engine.Provider.Models = "<html>";
        var failed = await SyncAsync("""{"provider":"synced"}""");
        engine.Provider.Models = List(Model("a/one"), "7");
        var leftOut = await SyncAsync("""{"provider":"synced"}""");

        Assert.Equal(("suspicious", true), (suspicious.Outcome, suspicious.Problem!.Contains("2 of 3", StringComparison.Ordinal)));
        Assert.Equal(("synced", 2), (forced.Outcome, forced.Gone));
        Assert.Equal(("failed", true), (failed.Outcome, failed.Problem!.Contains("web page", StringComparison.Ordinal)));
        Assert.Equal(1, Assert.Single(leftOut.LeftOut).Position);
        Assert.Equal((404, "not_found"), Code(await (await engine.PostAsync("/api/models/sync", """{"provider":"absent"}""")).ProblemAsync()));
        Assert.Equal([false, false, true, false, false], (await engine.AuditAsync("provider:synced")).Where(e => e.Action == "provider.sync").Select(e => e.Details.GetProperty("force").GetBoolean()));

        async Task<SyncedProviderResponse> SyncAsync(string body) => Assert.Single((await GatewayEngine.ReadAsync<SyncedModelsResponse>(await engine.PostAsync("/api/models/sync", body))).Providers);
    }

    [Fact]
    public async Task A_reader_sees_models_and_changes_none()
    {
        await engine.AddAsync("read", Model("a/one"));
        using var reader = engine.Server.Client(await engine.Server.TokenAsync(Roles.Reader));

        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/models/read/a/one")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await engine.PostAsync("/api/models/sync", "{}", reader)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await engine.PutAsync("/api/models/read/a/one", "{}", "\"v1\"", reader)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await engine.Server.Anonymous.GetAsync("/api/models")).StatusCode);
    }

    [Fact]
    public async Task The_engine_follows_its_catalog_and_syncs_it_by_the_clock()
    {
        await engine.AddAsync("followed", Model("a/one"));
        var catalog = engine.Server.Services.GetRequiredService<CurrentCatalog>();
        await Eventually.TrueAsync(() => catalog.Models.Any(m => m.Provider == "followed"), TimeSpan.FromSeconds(10), "the model is in memory");

        var duty = engine.Server.Services.GetServices<IScheduledDuty>().Single(d => d.Name == "sync_models");
        var fire = new ScheduledFire(Guid.Empty, "sync_models", "sync_models", default, false, default);
        engine.Provider.Models = List(Model("a/one"), Model("a/late"));
        Assert.Contains("followed: 2 models, 1 new", await RunAsync(), StringComparison.Ordinal);

        engine.Provider.Models = "<html>";
        Assert.Contains("followed: failed, the old catalog stays", await RunAsync(), StringComparison.Ordinal);

        async Task<string> RunAsync()
        {
            try
            {
                return await duty.RunAsync(fire, CancellationToken.None);
            }
            catch (DutyFailedException e)
            {
                return e.Message; // providers of other tests list what this one does, and lose models by it
            }
        }
    }

    static (int, string) Code((int Status, string Code, string Detail) problem) => (problem.Status, problem.Code);
}
