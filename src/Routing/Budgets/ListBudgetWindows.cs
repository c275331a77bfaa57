using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>The windows that a budget has had, newest first.</summary>
public sealed class ListBudgetWindows(NpgsqlDataSource database)
{
    const string Sql = """
        select window_key, subject, starts_at, ends_at, opened_at, settled_usd, granted_usd as held_usd, calls, refused, alerted_at, exhausted_at
        from budget_windows where budget_id = @budgetId and (@at::timestamptz is null or (opened_at, window_key) < (@at, @key))
        order by opened_at desc, window_key desc limit @limit
        """;

    /// <returns>Null when there is no such budget.</returns>
    public async Task<IReadOnlyList<BudgetWindowRow>?> RunAsync(Guid budgetId, (DateTimeOffset OpenedAt, string Key)? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var isThere = await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from cost_budgets where budget_id = @budgetId)", new { budgetId }, cancellationToken: ct));
        return isThere ? [.. await connection.QueryAsync<BudgetWindowRow>(new CommandDefinition(Sql, new { budgetId, at = after?.OpenedAt, key = after?.Key ?? "", limit }, cancellationToken: ct))] : null;
    }
}

public sealed record BudgetWindowRow(string WindowKey, string Subject, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, DateTimeOffset OpenedAt, decimal SettledUsd, decimal HeldUsd, long Calls,
    long Refused, DateTimeOffset? AlertedAt, DateTimeOffset? ExhaustedAt);
