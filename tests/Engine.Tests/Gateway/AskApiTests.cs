using System.Net;
using Emulators.OpenRouter.Faults;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.Gateway;

public sealed class AskApiTests(CallingEngine engine) : IClassFixture<CallingEngine>, IDisposable
{
    public void Dispose() => engine.OpenRouter.Faults.Clear();

    [Fact]
    public async Task An_answer_streams_and_its_call_is_recorded_at_what_the_provider_billed()
    {
        var before = engine.OpenRouter.Ledger.TotalUsd;

        var (text, name, done) = await engine.AnswerAsync("""{"prompt":"Say something.","policy":"code"}""");

        var selection = await engine.SelectionAsync(done.GetProperty("selection_id").GetGuid());
        Assert.Equal(("done", "code", "openai/gpt-4o", "succeeded"), (name, selection.Policy, selection.Model, selection.Outcome));
        Assert.NotEqual("", text);
        Assert.Equal(engine.OpenRouter.Ledger.TotalUsd - before, selection.CostUsd);
        Assert.Equal(selection.CostUsd, done.GetProperty("cost_usd").GetDecimal());
        Assert.True(selection.CostUsd > 0);
        await Eventually.TrueAsync(async () => await engine.ReadAsync<decimal>("select coalesce(sum(cost_usd), 0) from model_performance where window_kind = 'day' and policy = 'code' and model = 'openai/gpt-4o'")
            >= selection.CostUsd, TimeSpan.FromSeconds(10), "the call counts in what was seen of the model");
    }

    [Theory]
    [InlineData("normal", "openai/gpt-4o-mini")]
    [InlineData("deep", "openai/gpt-4o")]
    [InlineData("deep_research", "openai/gpt-4o")]
    [InlineData("code", "openai/gpt-4o")]
    [InlineData("ops", "openai/gpt-3.5-turbo")]
    public async Task Each_policy_asks_its_first_model(string policy, string model)
    {
        var run = await RunAsync("ask", "--policy", policy, "What is an orphan process?", "--json");

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains($"\"model\": \"{model}\"", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_into_a_budget_is_refused_and_nothing_is_called()
    {
        await engine.PutBudgetAsync("""{"scope":"tenant","key":"poor","period":"day","amount_usd":0.000001}""");
        var before = engine.OpenRouter.Ledger.Calls;

        using var refused = await engine.AskAsync("""{"prompt":"Hello.","policy":"code","tenant":"poor"}""");

        var problem = await refused.ProblemAsync();
        Assert.Equal((402, "budget_exceeded"), (problem.Status, problem.Code));
        Assert.Equal("false", refused.Headers.GetValues("x-should-retry").Single());
        Assert.Matches(@"The day budget of tenant poor is \$0\.000001: \$0\.00 is spent, \$0\.00 is held, and the call may cost \$0\.0\d+; it resets at 20", problem.Detail);
        Assert.Equal(before, engine.OpenRouter.Ledger.Calls);
        var run = await RunAsync("ask", "--policy", "code", "--tenant", "poor", "Hello.");
        Assert.Equal(ExitCode.Refused, run.ExitCode);
        Assert.Contains("budget_exceeded", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_that_others_have_used_meanwhile_costs_length_before_it_costs_the_model()
    {
        // The snapshot does not know of this tenant's budget yet: only the ledger refuses.
        var put = await engine.Server.Admin.PutAsync("/api/budgets", CallingEngine.Json("""{"scope":"tenant","key":"modest","period":"day","amount_usd":0.02}"""));
        put.EnsureSuccessStatusCode();

        var (_, _, done) = await engine.AnswerAsync("""{"prompt":"Hello.","policy":"code","tenant":"modest"}""");

        var maxTokens = await engine.ReadAsync<int>("select max_tokens from model_selections where selection_id = @id", new { id = done.GetProperty("selection_id").GetGuid() });
        Assert.Equal("openai/gpt-4o", done.GetProperty("model").GetString());
        Assert.InRange(maxTokens, 256, 2000);
    }

    [Fact]
    public async Task A_model_that_is_out_is_failed_over_at_once_and_both_attempts_are_recorded()
    {
        engine.OpenRouter.Faults.Add(new FaultRule("503") { Match = new Match { Model = "openai/gpt-4o" } });

        var (text, name, done) = await engine.AnswerAsync("""{"prompt":"Say something.","policy":"code"}""");

        Assert.Equal(("done", 2), (name, done.GetProperty("attempts").GetInt32()));
        Assert.NotEqual("", text);
        Assert.StartsWith("anthropic/claude-sonnet", done.GetProperty("model").GetString(), StringComparison.Ordinal);
        var selection = await engine.SelectionAsync(done.GetProperty("selection_id").GetGuid());
        Assert.Equal("failed", await engine.ReadAsync<string>("select outcome from model_selections where request_id = @RequestId and attempt = 1", selection));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_never_looks_whole()
    {
        engine.OpenRouter.Faults.Add(new FaultRule("cut-close") { AfterFrames = 3 });

        var (_, name, problem) = await engine.AnswerAsync("""{"prompt":"Say something long.","policy":"ops"}""");
        var run = await RunAsync("ask", "--policy", "ops", "Say something long.");

        Assert.Equal(("failed", "answer_cut"), (name, problem.GetProperty("code").GetString()));
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("answer_cut", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_no_model_answers_the_attempts_are_named()
    {
        engine.OpenRouter.Faults.Add(new FaultRule("400"));

        using var refused = await engine.AskAsync("""{"prompt":"Hello.","policy":"ops"}""");

        var problem = await refused.ProblemAsync();
        Assert.Equal((503, "no_answer"), (problem.Status, problem.Code));
        Assert.Contains("openai/gpt-3.5-turbo", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":""}""", 400, "invalid_request")]
    [InlineData("""{"prompt":"x","max_tokens":0}""", 400, "invalid_request")]
    [InlineData("""{"prompt":"x","preference":"cheap"}""", 400, "invalid_request")]
    [InlineData("""{"prompt":"x","policy":"none_such"}""", 400, "unknown_policy")]
    public async Task What_cannot_be_asked_is_refused(string body, int status, string code)
    {
        using var refused = await engine.AskAsync(body);

        Assert.Equal((status, code), await refused.ProblemAsync() is var (s, c, _) ? (s, c) : default);
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_the_call_at_the_provider_and_is_settled_later()
    {
        engine.OpenRouter.Faults.Add(new FaultRule("stall") { AfterFrames = 3 });
        using var leaving = new CancellationTokenSource();
        using var response = await engine.AskAsync("""{"prompt":"Say something long.","policy":"normal"}""", leaving.Token);
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[10]);

        response.Dispose();

        await Eventually.TrueAsync(async () => await engine.ReadAsync<long>("select count(*) from model_selections where outcome = 'cancelled' and policy = 'normal'") == 1, TimeSpan.FromSeconds(10), "the call is closed");
        await Eventually.TrueAsync(() => engine.OpenRouter.Ledger.Running == 0, TimeSpan.FromSeconds(10), "the provider has stopped");
        var billed = engine.OpenRouter.Ledger.Entries.Last(e => e.Outcome is { IsCancelled: true }).Outcome!.CostUsd;
        await Eventually.TrueAsync(async () => await engine.ReadAsync<decimal?>("select cost_usd from model_selections where outcome = 'cancelled' and policy = 'normal' and not is_estimated") == billed,
            TimeSpan.FromSeconds(20), "the ledger has what the provider billed");
    }

    [Fact]
    public async Task A_mistyped_option_is_not_asked()
    {
        var run = await RunAsync("ask", "--polcy");

        Assert.Equal(ExitCode.Misuse, run.ExitCode);
        Assert.Contains("there is no option --polcy", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_may_not_spend()
    {
        using var reader = engine.Server.Client(await engine.Server.TokenAsync("reader"));

        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/api/routing/ask", CallingEngine.Json("""{"prompt":"x"}"""))).StatusCode);
    }

    [Fact]
    public async Task The_command_prints_the_answer_and_then_what_it_took()
    {
        var run = await RunAsync("ask", "--policy", "ops", "--max-tokens", "300", "Say something.");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.EndsWith("\n", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"^openai/gpt-3\.5-turbo at emulated, EMULATED at no real cost · policy ops · \$0\.0\d+ · \d+ tokens in, \d+ out · \d+\.\d\d s to the first word, \d+\.\d\d s in all\n$", run.Error);
    }

    Task<CommandLineRun> RunAsync(params string[] args) => CommandLineRun.OfAsync(
        new Dictionary<string, string> { ["ENGINE_URL"] = engine.Server.Url.ToString(), ["ENGINE_TOKEN"] = engine.Server.AdminToken, ["HOME"] = engine.Server.DataFolder }, args);
}
