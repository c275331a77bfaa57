using Routing.Budgets;
using Support.Money;

namespace Routing.Tests.Budgets;

public sealed class BudgetChangeTests(BudgetField field) : IClassFixture<BudgetField>, IAsyncLifetime
{
    public Task InitializeAsync() => field.Db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_budget_that_is_put_while_a_call_is_being_entered_counts_for_it()
    {
        var time = new TimeWithHook();
        await using var spender = new Spender(field.Db.EngineConnectionString, time: time);
        await spender.OpenAsync(Spender.Call(0.01m));

        time.BeforeNow = () => Task.Run(async () =>
        {
            await field.PutAsync(new BudgetTermsAsked("total", "", "day", 1m));
            await using var connection = await field.Db.Source.OpenConnectionAsync();
            await spender.Budgets.RefreshAsync(connection, spender.Loop.HolderId, CancellationToken.None); // as the process does beside its ledger
        }).GetAwaiter().GetResult();
        var call = await spender.OpenAsync(Spender.Call(0.02m));

        Assert.Equal(1, await field.ScalarAsync<int>("select cardinality(budget_ids) from model_selections where selection_id = @SelectionId", call));
        Assert.Null(await field.ViolationAsync());
    }

    /// <summary>Lets something happen when the ledger looks at the clock, which it does when it has taken a call in hand.</summary>
    sealed class TimeWithHook : TimeProvider
    {
        Action? beforeNow;

        public Action BeforeNow { set => beforeNow = value; }

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Exchange(ref beforeNow, null)?.Invoke();
            return base.GetUtcNow();
        }
    }
}
