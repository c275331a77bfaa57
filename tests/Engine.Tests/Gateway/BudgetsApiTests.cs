using System.Net;
using System.Net.Http.Json;
using System.Text;
using Engine.Gateway;
using Engine.Http;
using Microsoft.Extensions.DependencyInjection;
using Routing.Budgets;
using Routing.Calls;
using Support;

namespace Engine.Tests.Gateway;

public sealed class BudgetsApiTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task A_budget_is_made_changed_listed_and_audited()
    {
        var made = await PutAsync("""{"scope":"tenant","key":"acme","period":"month","amount_usd":12.5}""");
        var changed = await PutAsync("""{"scope":"tenant","key":"acme","period":"month","amount_usd":20,"hard":false}""");

        Assert.Equal((1L, 12.5m, true), (made.Version, made.AmountUsd, made.Hard));
        Assert.Equal((2L, 20m, false, made.BudgetId), (changed.Version, changed.AmountUsd, changed.Hard, changed.BudgetId));
        var page = await engine.Admin.GetFromJsonAsync<Page<BudgetResponse>>("/api/budgets?scope=tenant", EngineJson.Options);
        Assert.Equal(20m, Assert.Single(page!.Items).LeftUsd);
        await using var command = engine.Database.Owner.CreateCommand($"select count(*) from audit_log where action = 'budget.put' and subject = 'budget:{made.BudgetId}'");
        Assert.Equal(2L, await command.ExecuteScalarAsync());
    }

    [Theory]
    [InlineData("""{"scope":"everybody","period":"day","amount_usd":1}""", "scope must be one of total, tenant")]
    [InlineData("""{"scope":"total","period":"fortnight","amount_usd":1}""", "period must be one of task, day")]
    [InlineData("""{"scope":"total","key":"acme","period":"day","amount_usd":1}""", "key must be empty")]
    [InlineData("""{"scope":"tenant","period":"day","amount_usd":1}""", "key must have 1 to 200 characters")]
    [InlineData("""{"scope":"total","period":"day","amount_usd":-1}""", "amount_usd must be from 0 to 10000000, is -1")]
    [InlineData("""{"scope":"total","period":"day","amount_usd":10000001}""", "is 10000001")]
    [InlineData("""{"scope":"total","period":"day","amount_usd":1,"currency":"EUR"}""", "currency must be USD, is \"EUR\"")]
    [InlineData("""{"scope":"total","period":"day","amount_usd":1,"time_zone":"Mars/Olympus"}""", "time_zone")]
    [InlineData("""{"scope":"total","period":"day","amount_usd":1,"alert_threshold":1.5}""", "alert_threshold")]
    public async Task Terms_that_cannot_be_are_refused_with_the_reason(string body, string reason)
    {
        var answer = await engine.Admin.PutAsync("/api/budgets", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(reason, (await answer.ProblemAsync()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_engines_own_ledger_books_is_seen_in_budgets_selections_and_costs()
    {
        await PutAsync("""{"scope":"total","period":"day","amount_usd":1}""");
        var ledger = engine.Services.GetRequiredService<CallLedger>();
        var now = TimeProvider.System.GetUtcNow();
        var opening = await ledger.OpenAsync(new NewCall(Guid.CreateVersion7(now), new CallOrigin(Guid.CreateVersion7(now), TaskKind: "fix_bug"), 1, "code", 1, "openrouter", "openai/gpt-4o",
            new Routing.NanoUsd(5_000_000), 0.001m, ["first of its policy"], [], 100, false), CancellationToken.None);
        ledger.Close(Assert.IsType<CallOpening.Opened>(opening).Call, new CallEnd("succeeded", 0.0025m, false, new Routing.Catalog.TokenUsage(1000, 50), TimeSpan.FromSeconds(1)));
        await ledger.FlushAsync(CancellationToken.None);

        var budget = (await engine.Admin.GetFromJsonAsync<Page<BudgetResponse>>("/api/budgets?scope=total", EngineJson.Options))!.Items.Single();
        var selection = (await engine.Admin.GetFromJsonAsync<Page<SelectionRow>>("/api/selections?policy=code", EngineJson.Options))!.Items.Single();
        var costs = (await engine.Admin.GetFromJsonAsync<CostsResponse>("/api/routing/costs?by=kind", EngineJson.Options))!;
        var windows = (await engine.Admin.GetFromJsonAsync<Page<BudgetWindowRow>>($"/api/budgets/{budget.BudgetId}/windows", EngineJson.Options))!;

        Assert.Equal(0.0025m, budget.SettledUsd);
        Assert.Equal(("succeeded", 0.0025m, 0.005m, "first of its policy"), (selection.Outcome, selection.CostUsd, selection.HoldUsd, Assert.Single(selection.Reasons)));
        Assert.Equal(("fix_bug", 0.0025m), (Assert.Single(costs.Rows).Key, costs.TotalUsd));
        Assert.Equal(1, Assert.Single(windows.Items).Calls);
    }

    async Task<BudgetResponse> PutAsync(string body)
    {
        var answer = await engine.Admin.PutAsync("/api/budgets", new StringContent(body, Encoding.UTF8, "application/json"));
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<BudgetResponse>(EngineJson.Options))!;
    }
}
