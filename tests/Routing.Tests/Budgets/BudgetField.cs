using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Budgets;
using Support;

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

    /// <summary>What must hold at every moment, in one snapshot of the database.</summary>
    public Task<string?> ViolationAsync() => ScalarAsync<string?>("""
        select string_agg(what, '; ') from (
            select format('window %s of %s: settled %s + granted %s > %s', w.window_key, b.scope, w.settled_usd, w.granted_usd, b.amount_usd) as what
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id where b.is_hard and w.settled_usd + w.granted_usd > b.amount_usd
            union all
            select format('window %s of %s: granted %s, slices %s', w.window_key, b.scope, w.granted_usd, coalesce(s.usd, 0))
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id
            left join (select budget_id, window_key, sum(granted_usd) as usd from budget_slices group by 1, 2) s on s.budget_id = w.budget_id and s.window_key = w.window_key
            where w.granted_usd <> coalesce(s.usd, 0)
            union all
            select format('slice of %s: granted %s, its open calls hold %s', s.holder_id, s.granted_usd, h.usd)
            from budget_slices s join (
                select m.holder_id, w.budget_id, w.window_key, sum(m.hold_usd) as usd
                from model_selections m cross join lateral unnest(m.budget_ids, m.window_keys) w(budget_id, window_key) where m.outcome = 'open' group by 1, 2, 3
            ) h on h.holder_id = s.holder_id and h.budget_id = s.budget_id and h.window_key = s.window_key
            where h.usd > s.granted_usd
            union all
            select format('window %s of %s: settled %s, its calls cost %s', w.window_key, b.scope, w.settled_usd, coalesce(c.usd, 0))
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id
            left join (
                select x.budget_id, x.window_key, sum(m.cost_usd) as usd from model_selections m cross join lateral unnest(m.budget_ids, m.window_keys) x(budget_id, window_key)
                where m.outcome <> 'open' group by 1, 2
            ) c on c.budget_id = w.budget_id and c.window_key = w.window_key
            where w.settled_usd <> coalesce(c.usd, 0)
        ) v
        """);

    public Holders Holders => new(Db.Source, TimeProvider.System, NullLogger<Holders>.Instance);
}
