using System.Net.Http.Json;
using Engine.Access;
using Engine.Http;
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
    public async Task A_refusal_is_as_approved() =>
        await Approved.MatchesAsync("problem-401.json", await (await engine.Anonymous.GetAsync("/api/status")).Content.ReadAsStringAsync());
}
