using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Engine.Access;
using Engine.Gateway;
using Engine.Http;
using Routing.Policies;
using Support;

namespace Engine.Tests.Gateway;

public sealed class PoliciesApiTests(RoutedEngine engine) : IClassFixture<RoutedEngine>
{
    const string Root = "/api/routing/policies";

    const string Small = """{"models":[{"model":"openai/gpt-4o-mini","priority":1},{"model":"anthropic/claude-haiku-4.5","priority":2}],"max_cost_per_task_usd":0.05}""";

    [Fact]
    public async Task The_policies_that_the_engine_comes_with_are_listed_page_by_page()
    {
        var seen = new List<PolicyResponse>();
        for (var next = ""; next is not null;)
        {
            var page = (await engine.Admin.GetFromJsonAsync<Page<PolicyResponse>>($"{Root}?limit=1{(next == "" ? "" : $"&page_token={next}")}", EngineJson.Options))!;
            seen.Add(Assert.Single(page.Items));
            next = page.NextPageToken;
        }

        Assert.Subset(seen.Select(p => p.Policy).ToHashSet(), new HashSet<string> { "code", "deep", "normal", "ops" });
        var ops = seen.Single(p => p.Policy == "ops");
        Assert.Equal((true, 0.01m, "migration"), (ops.IsActive, ops.Config!.MaxCostPerTaskUsd, ops.CreatedBy));
    }

    [Fact]
    public async Task A_policy_goes_from_a_dry_run_to_a_version_to_being_in_force_and_each_change_is_audited()
    {
        var dry = await SaveAsync("night", Small, "?dry_run=true");
        var saved = await SaveAsync("night", Small);
        var again = await SaveAsync("night", Small);

        Assert.Equal((HttpStatusCode.OK, null, false), (dry.Status, dry.Saved!.Version, dry.Saved.Created));
        Assert.Equal((HttpStatusCode.Created, 1, true, null), (saved.Status, saved.Saved!.Version, saved.Saved.Created, saved.Saved.ActiveVersion));
        Assert.Equal((HttpStatusCode.OK, 1, false), (again.Status, again.Saved!.Version, again.Saved.Created));
        var read = await engine.Admin.GetAsync($"{Root}/night");
        Assert.Equal("\"v0\"", read.Headers.ETag!.ToString());
        var activated = await ActivateAsync("night", 1, "\"v0\"");
        Assert.Equal(HttpStatusCode.OK, activated.StatusCode);
        await engine.FollowAsync();
        Assert.Equal("openai/gpt-4o-mini", (await SelectAsync("""{"policy":"night","prompt":"Good evening."}""")).Candidates[0].Model);
        Assert.Equal(["policy.save {\"note\": \"because\", \"version\": 1}", "policy.activate"], (await engine.AuditAsync("policy:night")).Select((line, i) => i == 0 ? line : line.Split(' ')[0]));
    }

    [Fact]
    public async Task An_activation_names_what_it_replaces()
    {
        await SaveAsync("shift", Small);
        await ActivateAsync("shift", 1, "\"v0\"");
        await SaveAsync("shift", Small.Replace("0.05", "0.07", StringComparison.Ordinal));

        Assert.Equal((428, "precondition_required"), Code(await (await ActivateAsync("shift", 2, null)).ProblemAsync()));
        var stale = await (await ActivateAsync("shift", 2, "\"v0\"")).ProblemAsync();
        Assert.Equal((412, "version_mismatch"), Code(stale));
        Assert.Contains("\"v1\"", stale.Detail, StringComparison.Ordinal);
        Assert.Equal((404, "not_found"), Code(await (await ActivateAsync("shift", 9, "\"v1\"")).ProblemAsync()));
        Assert.Equal("\"v2\"", (await ActivateAsync("shift", 2, "\"v1\"")).Headers.ETag!.ToString());
        Assert.Contains("""{"to": 2, "from": 1, "changes": [{"path": "max_cost_per_task_usd", "after": "0.07", "before": "0.05"}], "task_budget": "set"}""", (await engine.AuditAsync("policy:shift"))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_policy_says_that_a_task_may_cost_is_a_budget_until_an_operator_puts_another()
    {
        await SaveAsync("limited", Small);
        await ActivateAsync("limited", 1, "\"v0\"");
        var followed = await BudgetsAsync();
        (await engine.Admin.PutAsync("/api/budgets", Json("""{"scope":"policy","key":"limited","period":"task","amount_usd":0.02}"""))).EnsureSuccessStatusCode();
        await SaveAsync("limited", Small.Replace("0.05", "0.09", StringComparison.Ordinal));
        await ActivateAsync("limited", 2, "\"v1\"");

        Assert.Equal([("code", 0.5m), ("deep", 1m), ("normal", 0.1m), ("ops", 0.01m)], followed.Where(b => b.Key is "code" or "deep" or "normal" or "ops").Select(b => (b.Key, b.AmountUsd)));
        Assert.All(followed, b => Assert.Equal(("task", "policy", true, true), (b.Period, b.Origin, b.Hard, b.Enabled)));
        Assert.Equal(0.05m, followed.Single(b => b.Key == "limited").AmountUsd);
        Assert.Equal((0.02m, "operator"), (await BudgetsAsync()).Single(b => b.Key == "limited") is var own ? (own.AmountUsd, own.Origin) : default);
        Assert.Contains("\"task_budget\": \"operators_stays\"", (await engine.AuditAsync("policy:limited"))[^1], StringComparison.Ordinal);
        Assert.Matches("policy +limited +task +\\$0.02 .* +operator", (await engine.RunAsync("budgets", "list")).Output);
    }

    [Theory]
    [InlineData("odd", """{"models":[],"max_cost_per_task_usd":-1}""", "models must have at least 1 item, has 0.|max_cost_per_task_usd must be at least 0, is -1.")]
    [InlineData("odd", """{"models":[{"model":"a/b","priority":1}],"max_cost_per_task_usd":1,"when":{"complexity":">0.7, <0.3"}}""", "when.complexity is \">0.7, <0.3\": the comparisons contradict each other, nothing meets both.")]
    [InlineData("odd", """{"models":[{"model":"a/b","priority":1}],"max_cost_per_task_usd":1,"downgrade_to":["cheap"]}""", "downgrade_to[0] is cheap, which is no active policy;")]
    [InlineData("ops", """{"models":[{"model":"a/b","priority":1}],"max_cost_per_task_usd":1,"downgrade_to":["normal"]}""", "downgrade_to[0] makes a circle: ops → normal → ops.")]
    public async Task A_policy_that_cannot_be_is_explained_problem_by_problem(string name, string config, string problems)
    {
        foreach (var query in new[] { "", "?dry_run=true" })
        {
            var response = await PostAsync($"{Root}{query}", $$"""{"policy":"{{name}}","config":{{config}}}""");
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

            Assert.Equal((HttpStatusCode.BadRequest, "invalid_policy"), (response.StatusCode, problem["code"]!.ToString()));
            var told = problem["problems"]!.AsArray().Select(p => p!.ToString()).ToArray();
            Assert.All(problems.Split('|').Zip(told), p => Assert.StartsWith(p.First, p.Second, StringComparison.Ordinal));
            Assert.Equal(problems.Split('|').Length, told.Length);
        }
        Assert.Empty(await engine.AuditAsync($"policy:{name}"));
    }

    [Theory]
    [InlineData("""{"policy":"Not A Name","config":{}}""", "policy must be of the form")]
    [InlineData("""{"policy":"a"}""", "config")]
    [InlineData("""{"policy":"a","config":{},"force":true}""", "\"force\" is not a field of this request.")]
    [InlineData("""{"policy":"a","config":{"models":1,"models":2}}""", "\"models\" is given twice.")]
    public async Task A_request_of_another_form_is_refused(string body, string mentions)
    {
        var problem = await (await PostAsync(Root, body)).ProblemAsync();

        Assert.Equal((400, "invalid_request"), Code(problem));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repeated_request_under_one_key_makes_one_version()
    {
        async Task<HttpResponseMessage> Send()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Root) { Content = Json($$"""{"policy":"once","config":{{Small}}}""") };
            request.Headers.Add("Idempotency-Key", "policy-1");
            return await engine.Admin.SendAsync(request);
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Send()));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.StatusCode));
        Assert.Single((await engine.Admin.GetFromJsonAsync<ShownPolicyResponse>($"{Root}/once", EngineJson.Options))!.Versions);
    }

    [Fact]
    public async Task What_is_odd_about_a_policy_is_told_beside_the_catalog()
    {
        await engine.FollowAsync();
        var deep = (await engine.Admin.GetFromJsonAsync<ShownPolicyResponse>($"{Root}/deep", EngineJson.Options))!;

        Assert.Contains("anthropic/claude-opus-4.5 is not in the catalog; its successor anthropic/claude-opus-4.1 will stand in for it.", deep.Warnings);
    }

    [Fact]
    public async Task Two_versions_are_compared_member_by_member()
    {
        await SaveAsync("compared", Small);
        await SaveAsync("compared", """{"models":[{"model":"openai/gpt-4o-mini","priority":3},{"model":"openai/gpt-4o","priority":1}],"max_cost_per_task_usd":0.05,"temperature":0.2}""");

        var diff = (await engine.Admin.GetFromJsonAsync<PolicyDiffResponse>($"{Root}/compared/diff?from=1", EngineJson.Options))!;

        Assert.Equal((1, 2), (diff.From, diff.To));
        Assert.Equal(
        [
            ("models[openai/gpt-4o-mini].priority", "1", "3"), ("models[anthropic/claude-haiku-4.5]", """{"model":"anthropic/claude-haiku-4.5","priority":2,"aliases":[]}""", null),
            ("models[openai/gpt-4o]", null, """{"model":"openai/gpt-4o","priority":1,"aliases":[]}"""), ("temperature", null, "0.2"),
        ], diff.Changes.Select(c => (c.Path, c.Before, c.After)));
    }

    [Fact]
    public async Task The_schema_is_served_as_it_is_checked()
    {
        var response = await engine.Admin.GetAsync("/api/routing/policy-schema");

        Assert.Equal("application/schema+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(PolicySchema.Text, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("GET", "/api/routing/policies/absent", 404, "not_found")]
    [InlineData("GET", "/api/routing/policies/x'%20or%20'1'='1", 404, "not_found")]
    [InlineData("GET", "/api/routing/policies/normal?version=9", 404, "not_found")]
    [InlineData("GET", "/api/routing/policies/normal?version=one", 400, "invalid_request")]
    [InlineData("GET", "/api/routing/policies/normal/diff?to=9", 404, "not_found")]
    [InlineData("GET", "/api/routing/policies?page_token=WyJhIl0", 400, "page_token_invalid")]
    public async Task What_is_not_there_is_told(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        Assert.Equal((status, code), Code(await (await engine.Admin.SendAsync(request)).ProblemAsync()));
    }

    [Fact]
    public async Task A_reader_sees_and_explains_and_changes_nothing()
    {
        using var reader = engine.Server.Client(await engine.Server.TokenAsync(Roles.Reader));

        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync($"{Root}/normal")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await reader.PostAsync("/api/routing/select", Json("""{"prompt":"Hello."}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync(Root, Json($$"""{"policy":"mine","config":{{Small}}}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync($"{Root}/normal/activate", Json("""{"version":1}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PutAsync("/api/routing/task_types", Json("""{"items":[]}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await engine.Server.Anonymous.GetAsync(Root)).StatusCode);
    }

    async Task<(HttpStatusCode Status, SavedPolicyResponse? Saved)> SaveAsync(string name, string config, string query = "")
    {
        var response = await PostAsync($"{Root}{query}", $$"""{"policy":"{{name}}","config":{{config}},"note":"because"}""");
        return (response.StatusCode, await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<SavedPolicyResponse>(EngineJson.Options));
    }

    async Task<IReadOnlyList<BudgetResponse>> BudgetsAsync() =>
        (await engine.Admin.GetFromJsonAsync<Page<BudgetResponse>>("/api/budgets?scope=policy", EngineJson.Options))!.Items;

    async Task<HttpResponseMessage> ActivateAsync(string name, int version, string? etag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Root}/{name}/activate") { Content = Json($$"""{"version":{{version}}}""") };
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-Match", etag);
        return await engine.Admin.SendAsync(request);
    }

    async Task<DecisionResponse> SelectAsync(string body) =>
        (await (await PostAsync("/api/routing/select", body)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<DecisionResponse>(EngineJson.Options))!;

    Task<HttpResponseMessage> PostAsync(string path, string body) => engine.Admin.PostAsync(path, Json(body));

    static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    static (int, string) Code((int Status, string Code, string Detail) problem) => (problem.Status, problem.Code);
}
