using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>Budgets with what is spent and held in their latest windows.</summary>
public sealed class ListBudgets(NpgsqlDataSource database, TimeProvider time)
{
    // The latest window of each budget, or of each subject of it; one that has ended counts as a new one that is empty.
    const string Sql = """
        select b.budget_id, b.scope, b.scope_key, b.period, b.time_zone, b.amount_usd, b.alert_threshold, b.is_hard, b.is_enabled, b.origin, b.version,
            coalesce(w.window_key, '') as window_key, coalesce(w.subject, '') as subject, w.ends_at, coalesce(w.settled_usd, 0) as settled_usd, coalesce(w.granted_usd, 0) as held_usd,
            coalesce(w.calls, 0) as calls, coalesce(w.refused, 0) as refused
        from cost_budgets b
        left join lateral (
            select distinct on (subject) window_key, subject, ends_at, settled_usd, granted_usd, calls, refused
            from budget_windows where budget_id = b.budget_id and (ends_at is null or ends_at > @now) order by subject, opened_at desc
        ) w on b.period <> 'task'
        where (@scope::text is null or b.scope = @scope) and (b.scope, b.scope_key, b.period, coalesce(w.subject, '')) > (@afterScope, @afterKey, @afterPeriod, @afterSubject)
        order by b.scope, b.scope_key, b.period, subject limit @limit
        """;

    /// <param name="scope">Null: all.</param>
    /// <param name="after">Of the last line of the page before; null: the first page.</param>
    public async Task<IReadOnlyList<BudgetLine>> RunAsync(string? scope, BudgetPlace? after, int limit, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<BudgetLine>(new CommandDefinition(Sql, new
        {
            scope, limit, now, afterScope = after?.Scope ?? "", afterKey = after?.ScopeKey ?? "", afterPeriod = after?.Period ?? "", afterSubject = after?.Subject ?? "",
        }, cancellationToken: ct))).Select(line => line.At(now))];
    }

    /// <summary>What is left everywhere, for decisions; of at most a thousand budgets.</summary>
    public async Task<IReadOnlyList<BudgetLeft>> LeftAsync(CancellationToken ct) => [.. (await RunAsync(null, null, 1000, ct)).Where(l => l.IsEnabled).Select(l => l.Left())];
}

/// <summary>Where a line stands in the list.</summary>
public sealed record BudgetPlace(string Scope, string ScopeKey, string Period, string Subject);

/// <summary>A budget and one window of it; without a window nothing has been spent.</summary>
public sealed record BudgetLine(Guid BudgetId, string Scope, string ScopeKey, string Period, string TimeZone, decimal AmountUsd, decimal AlertThreshold, bool IsHard, bool IsEnabled, string Origin,
    long Version, string WindowKey, string Subject, DateTimeOffset? EndsAt, decimal SettledUsd, decimal HeldUsd, long Calls, long Refused)
{
    /// <summary>With the end of the window that a first call would open.</summary>
    internal BudgetLine At(DateTimeOffset now)
    {
        var budget = new Budget(BudgetId, Scope, ScopeKey, Period, TimeZone, AmountUsd, AlertThreshold, IsHard, IsEnabled, Origin, Version);
        return EndsAt is null ? this with { EndsAt = BudgetWindow.Of(budget, budget.Zone, Subject, Guid.Empty, now).EndsAt } : this;
    }

    public BudgetLeft Left() => new(BudgetId, Scope, Subject.Length > 0 ? Subject : ScopeKey, Period, IsHard, NanoUsd.Floor(AmountUsd), NanoUsd.Ceiling(SettledUsd), NanoUsd.Ceiling(HeldUsd), EndsAt);
}
