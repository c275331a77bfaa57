using System.Net.Http.Json;
using System.Text;
using Engine.Gateway;
using Engine.Hosting.CommandLine;
using Engine.Http;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>Decisions explained, task types, and the commands over both.</summary>
public sealed class SelectApiTests(RoutedEngine engine) : IClassFixture<RoutedEngine>
{
    const string Trace = """
        Fix the NullReferenceException in src/Shop/Checkout.cs and tests/CheckoutTests.cs:
           at Shop.Checkout.Pay(Order order) in Checkout.cs:line 42
           at Shop.Checkout.Run() in Checkout.cs:line 17
        1. find the cause
        2. write a failing test
        """;

    [Fact]
    public async Task A_decision_is_explained_with_what_was_seen_in_the_prompt()
    {
        await engine.FollowAsync();

        var decision = await SelectAsync(new SelectRequest(Trace, TaskType: "fix_bug", Needs: ["tools"]));

        Assert.Equal(("chosen", "code", 1), (decision.Outcome, decision.Policy, decision.PolicyVersion));
        Assert.Equal(["openai/gpt-4o", "anthropic/claude-sonnet-4.5"], decision.Candidates.Select(c => c.Model));
        Assert.Equal("Tasks of the type fix_bug go by the policy code.", decision.Reasons[0]);
        Assert.Equal(decision.Complexity.Value, Math.Min(1, decision.Complexity.Parts.Sum(p => p.Weight * p.Value)), 3);
        Assert.Contains(decision.Complexity.Parts, p => p is { Name: "stack_trace", Value: > 0.3 } && p.Sentence.StartsWith("2 frames of a stack trace", StringComparison.Ordinal));
        Assert.Contains(decision.Complexity.Parts, p => p.Name == "files" && p.Sentence.StartsWith("3 files are named", StringComparison.Ordinal)); // two with and one without its path
        Assert.Equal(Encoding.UTF8.GetByteCount(Trace), decision.InputBytes);
    }

    [Fact]
    public async Task A_refusal_names_the_budget_that_was_in_the_way()
    {
        await engine.FollowAsync();

        var decision = await SelectAsync(new SelectRequest("Hello.", Policy: "ops", SpentByTaskUsd: 0.0099m));

        Assert.Equal(("nobody", "over_budget"), (decision.Outcome, decision.Code));
        Assert.Equal(("policy", "ops", "task", 0.01m, 0.0099m), (decision.Budget!.Scope, decision.Budget.Key, decision.Budget.Period, decision.Budget.AmountUsd, decision.Budget.SettledUsd));
        Assert.All(decision.Excluded, e => Assert.NotEmpty(e.Reason));
    }

    [Theory]
    [InlineData("""{"complexity":1.5}""", "complexity must be from 0 to 1, is 1.5.")]
    [InlineData("""{"input_bytes":-1}""", "input_bytes must not be negative, is -1.")]
    [InlineData("""{"max_tokens":0}""", "max_tokens must be at least 1, is 0.")]
    [InlineData("""{"preference":"sideways"}""", "preference must be one of fast, quality, code, balanced, is \"sideways\".")]
    [InlineData("""{"spent_by_task_usd":1e30}""", "spent_by_task_usd")]
    [InlineData("""{"model":"openai/gpt-4o"}""", "\"model\" is not a field of this request.")]
    public async Task A_request_that_makes_no_sense_is_told(string body, string mentions)
    {
        var problem = await (await engine.Admin.PostAsync("/api/routing/select", Json(body))).ProblemAsync();

        Assert.Equal((400, "invalid_request"), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_explains_a_decision_and_its_exit_code_tells_whether_there_is_a_model()
    {
        await engine.FollowAsync();

        var run = await engine.RunAsync("route", "explain", Trace, "--type", "fix_bug");
        var refused = await engine.RunAsync("route", "explain", "Hello.", "--policy", "absent");

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains("code, version 1", run.Output, StringComparison.Ordinal);
        Assert.Contains("openai/gpt-4o at openrouter", run.Output, StringComparison.Ordinal);
        Assert.Contains("2 frames of a stack trace", run.Output, StringComparison.Ordinal);
        Assert.Contains("then 1", run.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
        Assert.Contains("There is no policy \"absent\"", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_are_steered_by_commands()
    {
        var file = Path.Combine(engine.Server.DataFolder, "steered.json");
        await File.WriteAllTextAsync(file, """{"models":[{"model":"openai/gpt-4o-mini","priority":1},{"model":"openai/gpt-4o","priority":2}],"max_cost_per_task_usd":0.05}""");

        var dry = await engine.RunAsync("policies", "set", "steered", $"@{file}", "--dry-run");
        var set = await engine.RunAsync("policies", "set", "steered", $"@{file}", "--activate");
        await File.WriteAllTextAsync(file, (await engine.RunAsync("policies", "show", "steered")).Output.Replace("0.05", "0.06", StringComparison.Ordinal));
        var diff = await engine.RunAsync("policies", "diff", "steered", "--with", $"@{file}");
        var second = await engine.RunAsync("policies", "set", "steered", $"@{file}", "--note", "a cent more");
        var activated = await engine.RunAsync("policies", "activate", "steered", "2");
        var list = await engine.RunAsync("policies", "list");
        var wrong = await engine.RunAsync("policies", "set", "steered", "{\"models\":[]}");

        Assert.Contains("can be kept like this; nothing was", dry.Output, StringComparison.Ordinal);
        Assert.Contains("Version 1 of steered is kept and in force.", set.Output, StringComparison.Ordinal);
        Assert.Equal("", diff.Error);
        Assert.Equal("Member                 Before  After\nmax_cost_per_task_usd  0.05    0.06\n", diff.Output);
        Assert.Contains("`engine policies activate steered 2` puts it in force", second.Output, StringComparison.Ordinal);
        Assert.Equal("Version 2 of steered is in force instead of version 1.\n", activated.Output);
        Assert.Contains("openai/gpt-4o-mini → openai/gpt-4o", list.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, wrong.ExitCode);
        Assert.Contains("models must have at least 1 item, has 0. max_cost_per_task_usd is missing. [invalid_policy]", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Task_types_are_changed_by_who_has_seen_them_and_the_change_is_audited()
    {
        var set = await engine.RunAsync("policies", "types", "set", "write_report", "deep", "--preference", "quality");
        var list = await engine.RunAsync("policies", "types", "list");
        var stale = new HttpRequestMessage(HttpMethod.Put, "/api/routing/task_types") { Content = Json("""{"items":[{"task_type":"generic","policy":"normal"}]}""") };
        stale.Headers.TryAddWithoutValidation("If-Match", "\"v1\"");
        await engine.FollowAsync();
        var decision = await SelectAsync(new SelectRequest("Sum up the week.", TaskType: "write_report"));
        var unknown = await engine.RunAsync("policies", "types", "set", "plan", "absent");
        var removed = await engine.RunAsync("policies", "types", "remove", "write_report");

        Assert.Equal(ExitCode.Done, set.ExitCode);
        Assert.Contains("write_report       deep    quality", list.Output, StringComparison.Ordinal);
        Assert.Equal(412, (await (await engine.Admin.SendAsync(stale)).ProblemAsync()).Status);
        Assert.Equal("deep", decision.Policy);
        Assert.Contains("The preference quality sets the weights.", decision.Reasons);
        Assert.Contains("The task type plan goes to \"absent\", which is no active policy;", unknown.Error, StringComparison.Ordinal);
        Assert.Equal("There are 9 task types.\n", removed.Output);
        Assert.Equal("task_types.replace {\"new\": {\"write_report\": \"deep, quality\"}, \"old\": {\"write_report\": \"normal\"}}", (await engine.AuditAsync("task_types"))[0]);
    }

    async Task<DecisionResponse> SelectAsync(SelectRequest request) =>
        (await (await engine.Admin.PostAsJsonAsync("/api/routing/select", request, EngineJson.Options)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<DecisionResponse>(EngineJson.Options))!;

    static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
