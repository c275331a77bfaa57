using Routing.Budgets;
using Routing.Calls;
using Support.Money;

namespace Routing.Tests.Budgets;

/// <summary>What a policy says that a task may cost, as a budget.</summary>
public sealed class PolicyLimitTests(BudgetField field) : IClassFixture<BudgetField>, IAsyncLifetime
{
    public Task InitializeAsync() => field.Db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_limit_becomes_a_budget_that_changes_with_it()
    {
        var change = await ChangeAsync();

        Assert.Equal(PolicyLimit.Set, await FollowAsync("normal", 0.1m));
        Assert.Equal(PolicyLimit.Same, await FollowAsync("normal", 0.1m));
        Assert.Equal(PolicyLimit.Set, await FollowAsync("normal", 0.000_000_000_9m)); // less than a nano-dollar is none

        Assert.Equal((0m, 2L, "policy", true), (await field.ScalarAsync<decimal>("select amount_usd from cost_budgets"), await field.ScalarAsync<long>("select version from cost_budgets"),
            await field.ScalarAsync<string>("select origin from cost_budgets"), await field.ScalarAsync<bool>("select is_hard and period = 'task' and scope = 'policy' and scope_key = 'normal' from cost_budgets")));
        Assert.Equal(change + 2, await ChangeAsync());
    }

    [Fact]
    public async Task A_budget_that_an_operator_has_put_stays()
    {
        await FollowAsync("normal", 0.1m);
        await field.PutAsync(new BudgetTermsAsked("policy", "normal", "task", 0.02m));

        Assert.Equal(PolicyLimit.OperatorsStays, await FollowAsync("normal", 0.5m));

        Assert.Equal(0.02m, await field.ScalarAsync<decimal>("select amount_usd from cost_budgets where origin = 'operator'"));
    }

    [Fact]
    public async Task A_call_outside_of_tasks_is_held_in_no_budget_for_a_task()
    {
        await FollowAsync("normal", 0.0105m);
        await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var one = new Spender(field.Db.EngineConnectionString);

        var call = await one.OpenAsync(Spender.Call(0.001m, new CallOrigin(Spender.Id())));
        one.Ledger.Close(call, Spender.Cost(0.001m));
        await one.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(["day"], await field.ScalarAsync<string[]>("select array_agg(period) from budget_windows join cost_budgets using (budget_id)"));
    }

    [Fact]
    public async Task Fifty_calls_of_one_task_at_once_never_pass_the_limit()
    {
        const decimal LimitUsd = 0.0105m, HoldUsd = 0.001m;
        await FollowAsync("normal", LimitUsd);
        await FollowAsync("code", 1m);
        await using var one = new Spender(field.Db.EngineConnectionString);
        await using var other = new Spender(field.Db.EngineConnectionString);
        var (task, violations) = (Spender.Id(), new List<string>());
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(violations, over.Token);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(async n =>
        {
            var spender = n % 2 == 0 ? one : other;
            var opening = await spender.Ledger.OpenAsync(Spender.Call(HoldUsd, new CallOrigin(Spender.Id(), task)), CancellationToken.None);
            return (Spender: spender, Opening: opening);
        }));
        var opened = outcomes.Where(o => o.Opening is CallOpening.Opened).Select(o => (o.Spender, ((CallOpening.Opened)o.Opening).Call)).ToArray();
        var refusals = outcomes.Select(o => o.Opening).OfType<CallOpening.Refused>().Select(r => r.Refusal).ToArray();
        await one.OpenAsync(Spender.Call(HoldUsd, new CallOrigin(Spender.Id(), task), policy: "code")); // another policy's
        await other.OpenAsync(Spender.Call(HoldUsd, new CallOrigin(Spender.Id(), Spender.Id()))); // another task
        foreach (var (spender, call) in opened) spender.Ledger.Close(call, Spender.Cost(HoldUsd));
        await Task.WhenAll(one.Ledger.FlushAsync(CancellationToken.None), other.Ledger.FlushAsync(CancellationToken.None));
        var after = await one.RefusedAsync(Spender.Call(HoldUsd, new CallOrigin(Spender.Id(), task)));
        await over.CancelAsync();
        await watching;

        Assert.Equal(10, opened.Length); // all that fit
        Assert.Equal(40, refusals.Length);
        Assert.All(refusals.Append(after), r => Assert.Equal(("policy", "normal", "task", LimitUsd), (r.Budget.Scope, r.Budget.Key, r.Budget.Period, r.Budget.Amount.Usd)));
        Assert.Equal(0.01m, await field.ScalarAsync<decimal>("select sum(cost_usd) from model_selections where task_id = @task and policy = 'normal'", new { task }));
        Assert.Empty(violations);
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task A_call_that_costs_nothing_needs_no_money()
    {
        await FollowAsync("normal", 0m);
        await using var spender = new Spender(field.Db.EngineConnectionString);

        var free = await spender.OpenAsync(Spender.Call(0m, new CallOrigin(Spender.Id(), Spender.Id())));
        await spender.RefusedAsync(Spender.Call(0.001m, new CallOrigin(Spender.Id(), Spender.Id())));
        spender.Ledger.Close(free, Spender.Cost(0m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(1, await field.ScalarAsync<long>("select count(*) from model_selections where outcome = 'succeeded' and cardinality(budget_ids) = 1"));
        Assert.Null(await field.ViolationAsync());
    }

    async Task<PolicyLimit> FollowAsync(string policy, decimal limitUsd)
    {
        await using var connection = await field.Db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var outcome = await new FollowPolicyLimit(TimeProvider.System).RunAsync(connection, transaction, policy, limitUsd, "test", CancellationToken.None);
        await transaction.CommitAsync();
        return outcome;
    }

    Task<long> ChangeAsync() => field.ScalarAsync<long>("select change from budget_changes");

    async Task WatchAsync(List<string> violations, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
            if (await field.ViolationAsync() is { } violation) violations.Add(violation);
    }
}
