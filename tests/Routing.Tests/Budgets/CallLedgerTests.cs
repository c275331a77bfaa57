using Routing.Budgets;
using Routing.Calls;
using Support;
using Support.Money;

namespace Routing.Tests.Budgets;

public sealed class CallLedgerTests(BudgetField field) : IClassFixture<BudgetField>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public Task InitializeAsync() => field.Db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_call_is_a_row_before_it_is_made_and_its_cost_is_settled_exactly()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var call = await spender.OpenAsync(Spender.Call(0.01m));

        Assert.Equal("open", await field.ScalarAsync<string>("select outcome from model_selections where selection_id = @SelectionId", call));
        Assert.True(await field.GrantedAsync(budget) >= 0.01m);
        spender.Ledger.Close(call, Spender.Cost(0.000_123_456_789m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0.000_123_456_789m, await field.SettledAsync(budget));
        Assert.Equal(0.000_123_456_789m, await field.ScalarAsync<decimal>("select cost_usd from v_selection_log where outcome = 'succeeded' and not is_estimated"));
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_and_says_why()
    {
        await field.PutAsync(new BudgetTermsAsked("tenant", "acme", "month", 0.02m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var acme = new CallOrigin(Spender.Id(), Tenant: "acme");
        var first = await spender.OpenAsync(Spender.Call(0.015m, acme));

        var refusal = await spender.RefusedAsync(Spender.Call(0.006m, acme));
        await spender.OpenAsync(Spender.Call(0.006m, acme with { Tenant = "other" }));
        spender.Ledger.Close(first, Spender.Cost(0.001m));
        await spender.OpenAsync(Spender.Call(0.006m, acme));

        Assert.Equal(("tenant", "acme", "month"), (refusal.Budget.Scope, refusal.Budget.Key, refusal.Budget.Period));
        Assert.Equal((0.02m, 0m, 0.015m, 0.005m), (refusal.Budget.Amount.Usd, refusal.Budget.Settled.Usd, refusal.Budget.Held.Usd, refusal.Left.Usd));
        Assert.Contains("resets at", refusal.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await field.ScalarAsync<long>("select refused from v_budget_status"));
        Assert.Equal(1, await field.ScalarAsync<long>("select count(*) from v_budget_events where event = 'exhausted'"));
    }

    [Fact]
    public async Task A_hold_is_taken_in_all_budgets_or_in_none()
    {
        var wide = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await field.PutAsync(new BudgetTermsAsked("model", "openai/gpt-4o", "lifetime", 0.001m));
        await using var spender = new Spender(field.Db.EngineConnectionString);

        var refusal = await spender.RefusedAsync(Spender.Call(0.01m));

        Assert.Equal("model", refusal.Budget.Scope);
        Assert.Equal(0m, await field.GrantedAsync(wide));
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from model_selections"));
    }

    [Fact]
    public async Task What_one_process_keeps_at_hand_is_given_back_before_another_is_refused()
    {
        await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var one = new Spender(field.Db.EngineConnectionString);
        await using var other = new Spender(field.Db.EngineConnectionString);
        var held = await one.OpenAsync(Spender.Call(0.01m)); // with a slice of many times that

        var large = await other.OpenAsync(Spender.Call(0.98m));
        var refusal = await other.RefusedAsync(Spender.Call(0.02m));

        Assert.Equal(0.99m, refusal.Budget.Held.Usd);
        one.Ledger.Close(held, Spender.Cost(0m));
        await one.Ledger.FlushAsync(CancellationToken.None);
        await other.OpenAsync(Spender.Call(0.02m));
        other.Ledger.Close(large, Spender.Cost(0.5m));
        await other.Ledger.FlushAsync(CancellationToken.None);
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task A_lowered_budget_holds_at_once_in_all_processes()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m)), Spender.Cost(0.01m));

        await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.012m));
        await Eventually.TrueAsync(async () => await field.GrantedAsync(budget) == 0, Soon, "its slice has come back");

        Assert.Equal(0.01m, (await spender.RefusedAsync(Spender.Call(0.01m))).Budget.Settled.Usd);
        Assert.Equal(2, await field.ScalarAsync<long>("select version from cost_budgets"));
    }

    [Fact]
    public async Task A_soft_budget_tells_and_refuses_nothing()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.01m, IsHard: false));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        for (var i = 0; i < 3; i++) spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.009m)), Spender.Cost(0.009m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0.027m, await field.SettledAsync(budget));
        Assert.Equal("exhausted,threshold", await field.ScalarAsync<string>("select string_agg(event, ',' order by event) from v_budget_events"));
    }

    [Fact]
    public async Task What_a_dead_process_held_becomes_its_calls_estimated_cost_until_the_truth_is_told()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var living = new Spender(field.Db.EngineConnectionString, TimeSpan.FromSeconds(2));
        await using var dead = new Spender(field.Db.EngineConnectionString, TimeSpan.FromSeconds(60));
        var call = await dead.OpenAsync(Spender.Call(0.01m));
        await living.OpenAsync(Spender.Call(0.01m));

        await field.ExecuteAsync("update budget_holders set lease_until = 'epoch' where holder_id = @HolderId", dead.Loop);
        await Eventually.TrueAsync(async () => await field.SettledAsync(budget) == 0.01m, Soon, "its call is booked");
        Assert.Equal("lost", await field.ScalarAsync<string>("select outcome from model_selections where selection_id = @SelectionId", call));
        Assert.Null(await field.ViolationAsync());

        dead.Ledger.Close(call, Spender.Cost(0.004m)); // it was only thought dead
        await dead.Ledger.FlushAsync(CancellationToken.None);
        Assert.Equal(0.004m, await field.SettledAsync(budget));
        Assert.Equal("succeeded", await field.ScalarAsync<string>("select outcome from model_selections where selection_id = @SelectionId", call));
        await dead.OpenAsync(Spender.Call(0.01m));
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task A_process_that_stops_gives_everything_back()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using (var spender = new Spender(field.Db.EngineConnectionString)) spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m)), Spender.Cost(0.002m));

        Assert.Equal((0.002m, 0m), (await field.SettledAsync(budget), await field.GrantedAsync(budget)));
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from budget_slices"));
    }

    [Fact]
    public async Task A_caller_that_leaves_before_its_call_is_entered_leaves_nothing_held()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.1m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var holding = await spender.OpenAsync(Spender.Call(0.06m));
        var leaving = Enumerable.Range(0, 50).Select(async n =>
        {
            using var soon = new CancellationTokenSource(n % 5);
            try
            {
                if (await spender.Ledger.OpenAsync(Spender.Call(0.0001m), soon.Token) is CallOpening.Opened opened) spender.Ledger.Close(opened.Call, Spender.Cost(0));
            }
            catch (OperationCanceledException)
            {
                // as wished
            }
        });
        await Task.WhenAll(leaving);
        spender.Ledger.Close(holding, Spender.Cost(0));
        await spender.Ledger.FlushAsync(CancellationToken.None);
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0m, await field.SettledAsync(budget));
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from model_selections where outcome = 'open'"));
        await spender.OpenAsync(Spender.Call(0.1m));
    }

    [Fact]
    public async Task A_call_is_closed_once()
    {
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var call = await spender.OpenAsync(Spender.Call(0.01m));
        spender.Ledger.Close(call, Spender.Cost(0.01m));

        Assert.Throws<InvalidOperationException>(() => spender.Ledger.Close(call, Spender.Cost(0.01m)));
    }

    [Fact]
    public async Task A_cost_above_the_hold_is_booked_as_it_is_and_told()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m)), Spender.Cost(0.015m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0.015m, await field.SettledAsync(budget));
        Assert.Null(await field.ViolationAsync());
    }

    [Theory]
    [InlineData(-0.000_000_001, 0)]
    [InlineData(-9_000_000_000, 0)]
    [InlineData(100_000_000, 0)] // more than a row holds
    [InlineData(9_223_372_036, 0)]
    [InlineData(0.01, -0.000_001)]
    [InlineData(0.01, 100_000_000)]
    public async Task A_hold_that_cannot_be_is_refused_and_leaves_nothing(double holdUsd, double estimatedUsd)
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        await using var spender = new Spender(field.Db.EngineConnectionString);

        var refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            spender.Ledger.OpenAsync(Spender.Call((decimal)holdUsd) with { EstimatedUsd = (decimal)estimatedUsd }, CancellationToken.None));

        Assert.Contains("from $0.00 to $10000000.00", refused.Message, StringComparison.Ordinal);
        await spender.OpenAsync(Spender.Call(0.01m)); // others go on
        Assert.Equal(1, await field.ScalarAsync<long>("select count(*) from model_selections"));
        Assert.True(await field.GrantedAsync(budget) >= 0.01m);
        Assert.Null(await field.ViolationAsync());
    }

    [Theory]
    [InlineData(-0.01)]
    [InlineData(100_000_000)]
    public async Task A_cost_that_cannot_be_is_refused_and_the_call_can_still_be_closed(double costUsd)
    {
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var call = await spender.OpenAsync(Spender.Call(0.01m));

        Assert.Throws<ArgumentOutOfRangeException>(() => spender.Ledger.Close(call, Spender.Cost((decimal)costUsd)));
        spender.Ledger.Close(call, Spender.Cost(0.01m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0.01m, await field.ScalarAsync<decimal>("select cost_usd from model_selections"));
    }

    [Fact]
    public async Task A_call_that_holds_nothing_is_entered_whatever_is_left_and_counts_what_it_costs()
    {
        var budget = await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.01m));
        await using var spender = new Spender(field.Db.EngineConnectionString);

        var first = await spender.OpenAsync(Spender.Call(0m)).WaitAsync(Soon); // of a free model, before anything else in the window
        var whole = await spender.OpenAsync(Spender.Call(0.01m)).WaitAsync(Soon);
        var last = await spender.OpenAsync(Spender.Call(0m)).WaitAsync(Soon);
        spender.Ledger.Close(first, Spender.Cost(0m));
        spender.Ledger.Close(last, Spender.Cost(0m));
        spender.Ledger.Close(whole, Spender.Cost(0.002m));
        var dear = await spender.OpenAsync(Spender.Call(0m)).WaitAsync(Soon);
        spender.Ledger.Close(dear, Spender.Cost(0.001m)); // not so free
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal(0.003m, await field.SettledAsync(budget));
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task What_others_say_at_length_is_cut_to_what_a_row_holds_and_stops_nobody()
    {
        var (name, odd) = (new string('n', 400), "gen\0" + new string('g', 400));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        var call = await spender.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), TaskKind: name, Tenant: name, Worker: name)));
        spender.Ledger.NoteGeneration(call, odd);
        await Eventually.TrueAsync(() => field.ScalarAsync<bool>("select generation_id is not null from model_selections"), Soon, "its name is known");

        spender.Ledger.Close(call, Spender.Cost(0.004m) with { ErrorKind = name, Error = new string('e', 5000), GenerationId = odd, ServedModel = name, ServedBy = name, FinishReason = name });
        await spender.Ledger.FlushAsync(CancellationToken.None).WaitAsync(Soon);

        Assert.Equal(0.004m, await field.ScalarAsync<decimal>("select cost_usd from model_selections where outcome = 'succeeded'"));
    }
}
