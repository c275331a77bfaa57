using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Budgets;
using Support;
using Support.Money;

namespace Routing.Tests.Budgets;

/// <summary>A database with budgets, and what is to be known of them.</summary>
public sealed class BudgetField : IAsyncLifetime
{
    public TestDatabase Db { get; } = new();

    public Task InitializeAsync() => Db.InitializeAsync();

    public Task DisposeAsync() => Db.DisposeAsync();

    public async Task<Budget> PutAsync(BudgetTermsAsked asked)
    {
        await using var connection = await Db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var budget = await new PutBudget(TimeProvider.System).RunAsync(connection, transaction, asked, "test", CancellationToken.None);
        await transaction.CommitAsync();
        return budget;
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await Db.Owner.OpenConnectionAsync();
                return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
            }
            catch (Npgsql.NpgsqlException) when (attempt < 5) // a test that ends sessions ends pooled ones too
            {
                Db.Owner.Clear();
            }
        }
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public Task<decimal> SettledAsync(Budget budget) => ScalarAsync<decimal>("select coalesce(sum(settled_usd), 0) from budget_windows where budget_id = @BudgetId", budget);

    public Task<decimal> GrantedAsync(Budget budget) => ScalarAsync<decimal>("select coalesce(sum(granted_usd), 0) from budget_windows where budget_id = @BudgetId", budget);

    /// <summary>What does not hold, in one snapshot of the database; null when all does.</summary>
    public Task<string?> ViolationAsync() => ScalarAsync<string?>(BudgetRules.ViolationsSql);

    public Holders Holders => new(Db.Source, TimeProvider.System, NullLogger<Holders>.Instance);
}
