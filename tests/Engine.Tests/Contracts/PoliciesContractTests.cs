using System.Text;
using Engine.Tests.Gateway;
using Support;

namespace Engine.Tests.Contracts;

/// <summary>One sample of each answer about policies and decisions.</summary>
public sealed class PoliciesContractTests(RoutedEngine engine) : IClassFixture<RoutedEngine>
{
    const string Policy = """{"policy":"sample","config":{"models":[{"model":"openai/gpt-4o-mini","priority":1,"when":{"complexity":"<0.7"}}],"max_cost_per_task_usd":0.05},"note":"sample"}""";

    [Theory]
    [InlineData("policies.json", "/api/routing/policies?limit=1")]
    [InlineData("policy.json", "/api/routing/policies/deep")]
    [InlineData("task-types.json", "/api/routing/task_types")]
    public async Task An_answer_is_as_approved(string sample, string path)
    {
        await engine.FollowAsync();

        await Approved.MatchesAsync(sample, await (await engine.Admin.GetAsync(path)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_policy_is_as_approved_on_its_way_into_force()
    {
        await engine.FollowAsync();

        await Approved.MatchesAsync("policy-dry-run.json", await PostAsync("/api/routing/policies?dry_run=true", Policy));
        await Approved.MatchesAsync("policy-saved.json", await PostAsync("/api/routing/policies", Policy));
        await Approved.MatchesAsync("policy-activated.json", await PostAsync("/api/routing/policies/sample/activate", """{"version":1}""", "\"v0\""));
        await PostAsync("/api/routing/policies", Policy.Replace("0.05", "0.06", StringComparison.Ordinal));
        await Approved.MatchesAsync("policy-diff.json", await engine.Admin.GetStringAsync("/api/routing/policies/sample/diff"));
        await Approved.MatchesAsync("problem-policy.json", await PostAsync("/api/routing/policies", """{"policy":"sample","config":{"models":[]}}"""));
    }

    [Fact]
    public async Task A_decision_is_as_approved()
    {
        await engine.FollowAsync();

        await Approved.MatchesAsync("decision.json", await PostAsync("/api/routing/select", """{"prompt":"Why does checkout fail?","task_type":"investigate_error"}"""));
        await Approved.MatchesAsync("decision-refused.json", await PostAsync("/api/routing/select", """{"prompt":"Why does checkout fail?","policy":"ops","spent_by_task_usd":0.0099}"""));
    }

    async Task<string> PostAsync(string path, string body, string? etag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-Match", etag);
        return await (await engine.Admin.SendAsync(request)).Content.ReadAsStringAsync();
    }
}
