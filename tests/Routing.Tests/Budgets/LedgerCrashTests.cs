using Dapper;
using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Budgets;
using Support;
using Support.Money;

namespace Routing.Tests.Budgets;

/// <summary>The server of the database crashes: what it was told and had not brought to the disk yet is gone there, and still known here.</summary>
public sealed class LedgerCrashTests
{
    static readonly Dictionary<string, string> SlowDisk = new() { ["wal_writer_delay"] = "10s" };

    [Fact]
    public async Task Ends_that_a_crash_takes_back_are_told_again()
    {
        await using var cluster = await DurableCluster.StartAsync(SlowDisk);
        await using var owner = NpgsqlDataSource.Create(cluster.Owner(cluster.Port) + ";Pooling=false");
        await new MigrateDatabase(owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync(null, CancellationToken.None);
        await PutAsync(owner, new BudgetTermsAsked("total", "", "lifetime", 1m));
        await using var spender = new Spender(cluster.Engine(cluster.Port), TimeSpan.FromSeconds(60));
        var calls = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => spender.OpenAsync(Spender.Call(0.01m))));
        foreach (var call in calls) spender.Ledger.Close(call, Spender.Cost(0.004m));
        await spender.Ledger.FlushAsync(CancellationToken.None);
        Assert.Equal((5, 0.02m), await EndsAsync(owner));

        await cluster.RestartImmediatelyAsync(TimeSpan.Zero, CancellationToken.None);
        Assert.Equal((0, 0m), await EndsAsync(owner)); // otherwise this tests nothing
        spender.Ledger.Close(await spender.OpenAsync(Spender.Call(0.01m)), Spender.Cost(0.001m));
        await spender.Ledger.FlushAsync(CancellationToken.None);

        Assert.Equal((6, 0.021m), await EndsAsync(owner));
        await using var connection = await owner.OpenConnectionAsync();
        Assert.Null(await connection.ExecuteScalarAsync<string?>(BudgetRules.ViolationsSql));
    }

    static async Task<(int Calls, decimal SettledUsd)> EndsAsync(NpgsqlDataSource owner)
    {
        await using var connection = await owner.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(int, decimal)>("select (select count(*)::integer from model_selections where outcome = 'succeeded'), (select settled_usd from budget_windows join cost_budgets using (budget_id) where scope = 'total')");
    }

    static async Task PutAsync(NpgsqlDataSource owner, BudgetTermsAsked asked)
    {
        await using var connection = await owner.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await new PutBudget(TimeProvider.System).RunAsync(connection, transaction, asked, "test", CancellationToken.None);
        await transaction.CommitAsync();
    }
}
