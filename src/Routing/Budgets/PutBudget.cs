using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>Makes a budget or changes its terms; all processes follow at once. In the caller's transaction, so that it is audited with it.</summary>
public sealed class PutBudget(TimeProvider time)
{
    /// <summary>Nobody means more than that.</summary>
    public const decimal MostUsd = 10_000_000m;

    const string Sql = """
        insert into cost_budgets (budget_id, scope, scope_key, period, time_zone, amount_usd, alert_threshold, is_hard, is_enabled, origin, created_at, updated_at, updated_by)
        values (@budgetId, @Scope, @ScopeKey, @Period, @TimeZone, @AmountUsd, @AlertThreshold, @IsHard, @IsEnabled, @Origin, @now, @now, @actor)
        on conflict (scope, scope_key, period) do update set time_zone = excluded.time_zone, amount_usd = excluded.amount_usd, alert_threshold = excluded.alert_threshold,
            is_hard = excluded.is_hard, is_enabled = excluded.is_enabled, origin = excluded.origin, version = cost_budgets.version + 1, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        returning budget_id, scope, scope_key, period, time_zone, amount_usd, alert_threshold, is_hard, is_enabled, origin, version
        """;

    const string TellSql = "with told as (select pg_notify('engine_budgets', '')) update budget_changes set change = change + 1 from told";

    /// <returns>The budget as it is then; its version is 1 when it is new.</returns>
    /// <exception cref="ArgumentException">The terms cannot be; the message says which, its limit and its value.</exception>
    public async Task<Budget> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, BudgetTermsAsked asked, string actor, CancellationToken ct)
    {
        if (asked.Problem() is { } problem) throw new ArgumentException(problem, nameof(asked));
        var now = time.GetUtcNow();
        var budget = await connection.QuerySingleAsync<Budget>(new CommandDefinition(Sql, new
        {
            budgetId = Guid.CreateVersion7(now), asked.Scope, asked.ScopeKey, asked.Period, asked.TimeZone, asked.AmountUsd, asked.AlertThreshold, asked.IsHard, asked.IsEnabled,
            asked.Origin, now, actor,
        }, transaction, cancellationToken: ct));
        await TellAsync(connection, transaction, ct);
        return budget;
    }

    /// <summary>Whoever changes a budget tells all processes, in its transaction.</summary>
    internal static Task TellAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(TellSql, transaction: transaction, cancellationToken: ct));
}

/// <summary>The terms that somebody wants for a budget; it is found by scope, key and period.</summary>
public sealed record BudgetTermsAsked(string Scope, string ScopeKey, string Period, decimal AmountUsd, string TimeZone = "UTC", decimal AlertThreshold = 0.8m, bool IsHard = true,
    bool IsEnabled = true, string Origin = "operator")
{
    const int MostKey = 200;

    /// <returns>What cannot be, for people; null when all is well.</returns>
    public string? Problem() => this switch
    {
        _ when !BudgetTerms.Scopes.Contains(Scope) => $"scope must be one of {string.Join(", ", BudgetTerms.Scopes)}, is \"{Scope}\".",
        _ when !BudgetTerms.Periods.Contains(Period) => $"period must be one of {string.Join(", ", BudgetTerms.Periods)}, is \"{Period}\".",
        { Scope: BudgetTerms.Total } when ScopeKey.Length > 0 => $"key must be empty for the scope total, is \"{ScopeKey}\".",
        _ when Scope != BudgetTerms.Total && ScopeKey.Trim().Length is 0 or > MostKey => $"key must have 1 to {MostKey} characters, has {ScopeKey.Trim().Length}; * stands for each {Scope} by itself.",
        _ when ScopeKey.Any(char.IsControl) => "key must not hold control characters.",
        _ when AmountUsd is < 0 or > PutBudget.MostUsd => $"amount_usd must be from 0 to {PutBudget.MostUsd}, is {AmountUsd}.",
        _ when decimal.Round(AmountUsd, 9) != AmountUsd => $"amount_usd must have at most 9 decimals, is {AmountUsd}.",
        _ when AlertThreshold is <= 0 or > 1 => $"alert_threshold must be above 0 and at most 1, is {AlertThreshold}.",
        _ when !TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _) => $"time_zone must be a name such as Europe/Berlin, is \"{TimeZone}\".",
        _ => null,
    };
}
