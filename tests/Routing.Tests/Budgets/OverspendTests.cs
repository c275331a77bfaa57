using System.Collections.Concurrent;
using Routing.Budgets;
using Routing.Calls;
using Support.Money;

namespace Routing.Tests.Budgets;

/// <summary>Many callers in several processes, faults and broken connections, against budgets that are far too small for them.</summary>
public sealed class OverspendTests(BudgetField field) : IClassFixture<BudgetField>, IAsyncLifetime
{
    const decimal LeastHoldUsd = 0.0002m, MostHoldUsd = 0.002m;

    static readonly string[] Models = ["openai/gpt-4o", "openai/gpt-4o-mini"];

    public Task InitializeAsync() => field.Db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Nothing_is_overspent_at_any_moment_nothing_is_refused_that_would_fit_and_the_ledger_is_exact(int seed, bool interrupted)
    {
        Budget[] budgets =
        [
            await field.PutAsync(new BudgetTermsAsked("total", "", "day", 0.05m)), await field.PutAsync(new BudgetTermsAsked("tenant", "acme", "month", 0.05m)),
            await field.PutAsync(new BudgetTermsAsked("policy", "normal", "week", 0.05m)), await field.PutAsync(new BudgetTermsAsked("provider", "openrouter", "lifetime", 0.05m)),
            await field.PutAsync(new BudgetTermsAsked("worker", "*", "day", 0.05m)),
        ];
        var spenders = Enumerable.Range(0, 3).Select(_ => new Spender(field.Db.EngineConnectionString)).ToArray();
        var booked = new ConcurrentDictionary<Guid, decimal>();
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(over.Token);
        var disturbing = interrupted ? DisturbAsync(over.Token) : Task.CompletedTask;

        await Task.WhenAll(Enumerable.Range(0, 120).Select(n => SpendAsync(spenders[n % 3], $"worker:{n % 3}", new Random(seed * 1000 + n), booked)));
        await over.CancelAsync();
        await disturbing;
        await Task.WhenAll(spenders.Select(s => s.Ledger.FlushAsync(CancellationToken.None)));
        var violations = await watching;

        Assert.Empty(violations);
        Assert.Null(await field.ViolationAsync());
        Assert.Equal(booked.Values.Sum(), await field.ScalarAsync<decimal>("select sum(cost_usd) from model_selections where outcome <> 'open'"));
        Assert.Equal(booked.Values.Sum(), await field.SettledAsync(budgets[0]));
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from model_selections where outcome in ('open', 'lost')"));
        // They all went on until even the smallest hold was refused: so less than that is left, in some budget.
        Assert.InRange(budgets[0].AmountUsd - await field.SettledAsync(budgets[0]), 0, LeastHoldUsd);
        foreach (var spender in spenders) await spender.DisposeAsync();
        Assert.Equal(0m, await field.GrantedAsync(budgets[0]));
    }

    /// <summary>Calls until the smallest hold is refused.</summary>
    static async Task SpendAsync(Spender spender, string worker, Random random, ConcurrentDictionary<Guid, decimal> booked)
    {
        for (var hold = MostHoldUsd; ;)
        {
            var origin = new CallOrigin(Spender.Id(), Tenant: "acme", Worker: worker);
            var call = Spender.Call(hold, origin, Models[random.Next(2)]);
            CallOpening opening;
            try
            {
                opening = await spender.Ledger.OpenAsync(call, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                booked[call.SelectionId] = 0; // not entered, or entered and told to be never made
                continue;
            }
            if (opening is CallOpening.Opened opened)
            {
                await Task.Delay(random.Next(3)); // real time: the call
                var cost = random.Next(4) == 0 ? 0 : decimal.Round(hold * (decimal)random.NextDouble(), 12);
                booked[call.SelectionId] = cost;
                spender.Ledger.Close(opened.Call, Spender.Cost(cost, random.Next(10) == 0 ? "failed" : "succeeded"));
                continue;
            }
            if (hold == LeastHoldUsd) return;
            hold = Math.Max(LeastHoldUsd, hold / 2);
        }
    }

    async Task<IReadOnlyCollection<string>> WatchAsync(CancellationToken ct)
    {
        var found = new HashSet<string>();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                if (await field.ViolationAsync() is { } violation) found.Add(violation);
            }
            catch (Npgsql.NpgsqlException)
            {
                // interrupted as well
            }
            await Task.Delay(10, CancellationToken.None);
        }
        return found;
    }

    async Task DisturbAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await Task.Delay(300, CancellationToken.None);
            await field.Db.InterruptAsync(TimeSpan.FromMilliseconds(30));
        }
    }
}
