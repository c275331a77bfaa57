using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Engine.Access;
using Engine.Http;
using Engine.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Contracts;

/// <summary>What programs rely on: the OpenAPI document and one sample of each answer.</summary>
public sealed class ContractTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task The_openapi_document_is_the_approved_one() =>
        await Approved.MatchesAsync("openapi.json", await engine.Anonymous.GetStringAsync("/openapi/v1.json"));

    [Theory]
    [InlineData("health-live.json", "/health/live")]
    [InlineData("schedule.json", "/api/schedules/prune_expired")]
    [InlineData("schedules.json", "/api/schedules")]
    [InlineData("schedule-fires.json", "/api/schedules/prune_expired/fires")]
    [InlineData("problem-404.json", "/api/schedules/absent")]
    [InlineData("tokens.json", "/api/tokens?limit=1")]
    [InlineData("audit.json", "/api/audit?action=token.create&limit=1")]
    public async Task An_answer_is_as_approved(string sample, string path) =>
        await Approved.MatchesAsync(sample, await (await engine.Admin.GetAsync(path)).Content.ReadAsStringAsync());

    [Fact]
    public async Task A_created_token_is_as_approved()
    {
        var response = await engine.Admin.PostAsJsonAsync("/api/tokens", new CreateTokenRequest("sample", Roles.Reader), EngineJson.Options);

        await Approved.MatchesAsync("token-created.json", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_task_is_as_approved_wherever_it_is_shown()
    {
        const string Body = """{"kind":"investigate_failure","payload":{"task_id":"01980000-0000-7000-8000-000000000000","reason":"sample"},"due_at":"2999-01-01T00:00:00Z","dedup_key":"sample"}""";
        var filed = await (await PostAsync("/api/tasks", Body)).Content.ReadAsStringAsync();
        var path = $"/api/tasks/{JsonNode.Parse(filed)!["task_id"]}";

        await Approved.MatchesAsync("task-filed.json", filed);
        await Approved.MatchesAsync("task-filed-again.json", await (await PostAsync("/api/tasks", Body)).Content.ReadAsStringAsync());
        await Approved.MatchesAsync("tasks-filed.json", await (await PostAsync("/api/tasks/bulk", $$"""{"tasks":[{{Body}}]}""")).Content.ReadAsStringAsync());
        await Approved.MatchesAsync("tasks.json", await engine.Admin.GetStringAsync("/api/tasks?dedup_key=sample"));
        await Approved.MatchesAsync("gate-decided.json", await (await PostAsync($"{path}/gates/ship", """{"decision":"approved"}""")).Content.ReadAsStringAsync());
        await Approved.MatchesAsync("task-cancelled.json", await (await PostAsync($"{path}/cancel", """{"reason":"sample"}""")).Content.ReadAsStringAsync());
        await Approved.MatchesAsync("task.json", await engine.Admin.GetStringAsync(path));
        await Approved.MatchesAsync("task-timeline.json", await engine.Admin.GetStringAsync($"{path}/timeline"));
        await Approved.MatchesAsync("task-kinds.json", await engine.Admin.GetStringAsync("/api/tasks/kinds"));
    }

    [Fact]
    public async Task The_engine_and_its_workers_are_as_approved()
    {
        await engine.Services.GetRequiredService<KeepQueueDepth>().RunOnceAsync(CancellationToken.None);
        var status = JsonNode.Parse(await engine.Admin.GetStringAsync("/api/engine/status"))!;
        status["oldest_transaction"] = null; // whatever another test holds open
        var workers = JsonNode.Parse(await engine.Admin.GetStringAsync("/api/engine/workers?limit=1"))!;
        (workers["items"]![0]!["host"], workers["items"]![0]!["process_id"]) = ("here", 1);

        await Approved.MatchesAsync("engine-status.json", status.ToJsonString());
        await Approved.MatchesAsync("workers.json", workers.ToJsonString());
        await Approved.MatchesAsync("assignments.json", await engine.Admin.GetStringAsync("/api/engine/assignments"));
        await Approved.MatchesAsync("engine-mode.json", await (await PostAsync("/api/engine/start", "{}")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Providers_and_models_are_as_approved()
    {
        var provider = new ProviderServer();
        await provider.InitializeAsync();
        try
        {
            provider.Models = ProviderServer.List(ProviderServer.Model("sample/one", more: ",\"expiration_date\":\"2999-01-31\""), "7");
            await MatchesAsync("provider.json", await PutAsync("/api/providers/sample", $$$"""{"kind":"emulator","base_url":"{{{provider.BaseUrl}}}","regions":["eu"],"headers":{"X-Title":"sample"}}"""));
            await MatchesAsync("provider-key-staged.json", await PostAsync("/api/providers/sample/rotation/stage", """{"key":"sk-or-v1-0123456789abcdef"}"""));
            await MatchesAsync("models-synced.json", await PostAsync("/api/models/sync", """{"provider":"sample"}"""));
            await MatchesAsync("provider-tested.json", await PostAsync("/api/providers/sample/test", "{}"));
            await MatchesAsync("providers.json", await engine.Admin.GetAsync("/api/providers"));
            await MatchesAsync("models.json", await engine.Admin.GetAsync("/api/models?provider=sample"));
            await MatchesAsync("model-corrected.json", await PutAsync("/api/models/sample/sample/one", """{"price":{"prompt_usd":0.000001,"completion_usd":0.000002},"note":"sample"}""", "\"v1\""));
            await MatchesAsync("model-changes.json", await engine.Admin.GetAsync("/api/models/changes?provider=sample"));
        }
        finally
        {
            await provider.DisposeAsync();
        }

        async Task MatchesAsync(string sample, HttpResponseMessage answer) => await Approved.MatchesAsync(sample,
            Regex.Replace((await answer.Content.ReadAsStringAsync()).Replace($"{provider.BaseUrl}", "http://127.0.0.1:9000/v1", StringComparison.Ordinal), "\"k-[0-9a-f]{8}\"", "\"<key id>\""));

        async Task<HttpResponseMessage> PutAsync(string path, string body, string? etag = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
            if (etag is not null) request.Headers.TryAddWithoutValidation("If-Match", etag);
            return await engine.Admin.SendAsync(request);
        }
    }

    Task<HttpResponseMessage> PostAsync(string path, string body) => engine.Admin.PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

    [Fact]
    public async Task A_refusal_is_as_approved() =>
        await Approved.MatchesAsync("problem-401.json", await (await engine.Anonymous.GetAsync("/api/status")).Content.ReadAsStringAsync());
}
