using System.Collections.Immutable;
using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>The budgets as they are, for all of this process: read anew whenever one has changed.</summary>
public sealed class CurrentBudgets(TimeProvider time)
{
    const string ChangeSql = "select change from budget_changes";

    const string ReadSql = """
        select budget_id, scope, scope_key, period, time_zone, amount_usd, alert_threshold, is_hard, is_enabled, origin, version from cost_budgets
        """;

    const string HoldersSql = "select count(*)::integer from budget_holders where ended_at is null and lease_until > @now";

    const string DeadSql = "select exists (select from budget_holders where ended_at is null and lease_until < @now)";

    const string TightSql = """
        select w.budget_id, w.window_key from budget_slices s join budget_windows w on w.budget_id = s.budget_id and w.window_key = s.window_key
        where s.holder_id = @holderId and w.is_tight and not s.is_exact
        """;

    volatile BudgetBook book = BudgetBook.Empty;
    volatile int holders = 1;

    /// <summary>Read last; empty before the first time.</summary>
    public BudgetBook Book => book;

    /// <summary>Living processes that hold money, at least 1.</summary>
    public int Holders => holders;

    /// <summary>Looks what has changed, anywhere.</summary>
    public async Task<BudgetLook> RefreshAsync(NpgsqlConnection connection, Guid holderId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var change = await connection.ExecuteScalarAsync<long>(new CommandDefinition(ChangeSql, cancellationToken: ct)); // read first: what changes in between is read again
        var before = book;
        if (change != before.Change)
            book = new BudgetBook([.. await connection.QueryAsync<Budget>(new CommandDefinition(ReadSql, cancellationToken: ct))], change);
        holders = Math.Max(1, await connection.ExecuteScalarAsync<int>(new CommandDefinition(HoldersSql, new { now }, cancellationToken: ct)));
        var tight = await connection.QueryAsync<(Guid, string)>(new CommandDefinition(TightSql, new { holderId }, cancellationToken: ct));
        var changed = book.All.Where(b => !before.ById.TryGetValue(b.BudgetId, out var was) || was.Version != b.Version).Select(b => b.BudgetId);
        return new BudgetLook([.. tight], [.. changed], await connection.ExecuteScalarAsync<bool>(new CommandDefinition(DeadSql, new { now }, cancellationToken: ct)));
    }
}

/// <param name="Tight">Windows of this process's slices that have become tight.</param>
/// <param name="Changed">Budgets whose terms are others than before: their slices go back, so that the new terms hold at once.</param>
/// <param name="HasDead">Some holder's lease has run out.</param>
public sealed record BudgetLook(IReadOnlyList<(Guid BudgetId, string Key)> Tight, ImmutableHashSet<Guid> Changed, bool HasDead);
