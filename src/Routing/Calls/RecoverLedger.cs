using Dapper;
using Npgsql;
using Routing.Budgets;

namespace Routing.Calls;

/// <summary>What the database says of this process after a break.</summary>
static class RecoverLedger
{
    const string OutcomesSql = "select selection_id, outcome from model_selections where selection_id = any(@ids)";

    const string SlicesSql = """
        select s.budget_id, s.window_key, w.subject, w.starts_at, w.ends_at, s.granted_usd, s.is_exact
        from budget_slices s join budget_windows w on w.budget_id = s.budget_id and w.window_key = s.window_key
        where s.holder_id = @holderId
        """;

    public static async Task<IReadOnlyDictionary<Guid, string>> OutcomesAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken ct) =>
        ids.Length == 0 ? new Dictionary<Guid, string>()
            : (await connection.QueryAsync<(Guid Id, string Outcome)>(new CommandDefinition(OutcomesSql, new { ids }, cancellationToken: ct))).ToDictionary(r => r.Id, r => r.Outcome);

    public static async Task<IReadOnlyList<(BudgetWindow Window, decimal GrantedUsd, bool IsExact)>> SlicesAsync(NpgsqlConnection connection, Guid holderId, CancellationToken ct) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition(SlicesSql, new { holderId }, cancellationToken: ct)))
            .Select(r => (new BudgetWindow(r.BudgetId, r.WindowKey, r.Subject, r.StartsAt, r.EndsAt), r.GrantedUsd, r.IsExact))];

    sealed record Row(Guid BudgetId, string WindowKey, string Subject, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, decimal GrantedUsd, bool IsExact);
}
