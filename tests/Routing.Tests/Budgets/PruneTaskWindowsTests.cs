using Routing.Budgets;
using Routing.Calls;
using Support.Money;

namespace Routing.Tests.Budgets;

public sealed class PruneTaskWindowsTests(BudgetField field) : IClassFixture<BudgetField>, IAsyncLifetime
{
    static readonly DateTimeOffset Tomorrow = TimeProvider.System.GetUtcNow().AddDays(1);

    public Task InitializeAsync() => field.Db.EmptyAsync();

    public Task DisposeAsync() => field.ExecuteAsync("drop trigger if exists hold_up on budget_windows; drop function if exists hold_up()");

    [Fact]
    public async Task Windows_of_tasks_that_are_over_go_and_all_others_stay()
    {
        await field.PutAsync(new BudgetTermsAsked("policy", "normal", "task", 1m));
        await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
        var (over, going, open) = (Spender.Id(), Spender.Id(), Spender.Id());
        await using (var spender = new Spender(field.Db.EngineConnectionString))
        {
            foreach (var task in new[] { over, going })
                spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), task))), Spender.Cost(0.01m));
            await spender.Ledger.FlushAsync(CancellationToken.None);
            await spender.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), open)));
            Assert.Equal(0, await PruneAsync(Tomorrow, going)); // the process has slices of all of them
        }
        await field.ExecuteAsync("update model_selections set outcome = 'open', ended_at = null where task_id = @open", new { open }); // as if its process had only lost touch

        Assert.Equal(0, await PruneAsync(Tomorrow.AddDays(-2), going)); // too young
        Assert.Equal(1, await PruneAsync(Tomorrow, going)); // the one that is over

        Assert.Equal(new[] { $"{going:N}", $"{open:N}" }.Order(StringComparer.Ordinal), (await KeysAsync()).Order(StringComparer.Ordinal));
        Assert.Equal(1, await field.ScalarAsync<long>("select count(*) from budget_windows where ends_at is not null"));
        Assert.Equal(1, await PruneAsync(Tomorrow)); // both batches were looked through; the open one's stays
    }

    [Fact]
    public async Task A_window_that_a_late_call_has_touched_stays()
    {
        await field.PutAsync(new BudgetTermsAsked("policy", "normal", "task", 1m));
        var task = Spender.Id();
        await using (var spender = new Spender(field.Db.EngineConnectionString))
        {
            spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), task))), Spender.Cost(0.01m));
            await spender.Ledger.FlushAsync(CancellationToken.None);
        }
        await field.ExecuteAsync("update budget_windows set opened_at = opened_at - interval '30 days'");

        Assert.Equal(0, await PruneAsync(Tomorrow.AddDays(-2)));
    }

    [Fact]
    public async Task A_call_that_comes_while_its_tasks_window_is_cleared_away_still_holds_its_money()
    {
        await field.PutAsync(new BudgetTermsAsked("policy", "normal", "task", 0.015m));
        var task = Spender.Id();
        await using (var first = new Spender(field.Db.EngineConnectionString))
        {
            first.Ledger.Close(await first.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), task))), Spender.Cost(0m));
            await first.Ledger.FlushAsync(CancellationToken.None);
        }
        await using var spender = new Spender(field.Db.EngineConnectionString);
        await spender.OpenAsync(Spender.Call(0.001m)); // it has begun
        await field.ExecuteAsync("""
            create function hold_up() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return null; end $$;
            create trigger hold_up after insert on budget_windows for each statement execute function hold_up()
            """);
        await using var holding = await field.Db.Owner.OpenConnectionAsync();
        await using var hold = holding.CreateCommand();
        hold.CommandText = "select pg_advisory_lock(4711)";
        await hold.ExecuteNonQueryAsync();
        var opening = spender.OpenAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), task)));
        await Support.Eventually.TrueAsync(() => field.ScalarAsync<bool>("select exists (select from pg_locks where locktype = 'advisory' and not granted)"), TimeSpan.FromSeconds(10),
            "the call stands between the making of its window and the lock of it");

        Assert.Equal(1, await PruneAsync(Tomorrow));
        hold.CommandText = "select pg_advisory_unlock(4711)";
        await hold.ExecuteNonQueryAsync();
        await opening;

        await spender.RefusedAsync(Spender.Call(0.01m, new CallOrigin(Spender.Id(), task)));
        Assert.Null(await field.ViolationAsync());
    }

    [Fact]
    public async Task What_was_told_of_budgets_long_ago_goes()
    {
        await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.001m));
        await using var spender = new Spender(field.Db.EngineConnectionString);
        await spender.RefusedAsync(Spender.Call(0.01m));

        Assert.Equal(0, await Prune().ForgetEventsAsync(Tomorrow.AddDays(-2), CancellationToken.None));
        Assert.Equal(1, await Prune().ForgetEventsAsync(Tomorrow, CancellationToken.None));
    }

    PruneTaskWindows Prune(params Guid[] alive) =>
        new(field.Db.Source, (asked, _) => Task.FromResult<IReadOnlySet<Guid>>(asked.Where(alive.Contains).ToHashSet())) { BatchRows = 2 };

    Task<long> PruneAsync(DateTimeOffset before, params Guid[] alive) => Prune(alive).RunAsync(before, CancellationToken.None);

    async Task<IReadOnlyList<string>> KeysAsync() => await field.ScalarAsync<string[]>("select array_agg(w.window_key) from budget_windows w join cost_budgets b on b.budget_id = w.budget_id where b.period = 'task'");
}
