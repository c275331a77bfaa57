using Dapper;
using Npgsql;
using Routing.Calls;

namespace Routing.Budgets;

/// <summary>
/// Puts a cost that is known now in the place of one that was estimated: the row, and what its windows count as spent. A call whose process died was booked with
/// its hold; the truth may come from the provider later, or from the process, which was only thought dead. Costs that are final stay as they are.
/// </summary>
public sealed class CorrectCosts(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        with ends as (
            select * from jsonb_to_recordset(@rows::jsonb) e(selection_id uuid, outcome text, is_estimated boolean, cost_usd numeric, latency_ms double precision,
                first_token_ms double precision, error_kind text, error text, http_status integer, generation_id text, served_model text, served_by text, finish_reason text,
                prompt_tokens bigint, completion_tokens bigint, cached_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint)
        ), booked as materialized (
            select s.selection_id, s.cost_usd, s.budget_ids, s.window_keys from model_selections s join ends e on e.selection_id = s.selection_id
            where s.is_estimated and s.outcome <> 'open' order by s.selection_id for update of s
        ), changes as (
            select w.budget_id, w.window_key, sum(e.cost_usd - b.cost_usd) as usd
            from booked b join ends e on e.selection_id = b.selection_id cross join lateral unnest(b.budget_ids, b.window_keys) w(budget_id, window_key)
            group by w.budget_id, w.window_key
        ), locked as materialized (
            select w.budget_id, w.window_key from budget_windows w join changes c on c.budget_id = w.budget_id and c.window_key = w.window_key
            order by w.budget_id, w.window_key for update of w
        ), moved as (
            update budget_windows w set settled_usd = greatest(0, w.settled_usd + c.usd)
            from changes c join locked l on l.budget_id = c.budget_id and l.window_key = c.window_key
            where w.budget_id = c.budget_id and w.window_key = c.window_key
        )
        update model_selections s set outcome = e.outcome, is_estimated = e.is_estimated, cost_usd = e.cost_usd, settled_at = case when e.is_estimated then null else @now end,
            latency_ms = coalesce(s.latency_ms, e.latency_ms), first_token_ms = coalesce(s.first_token_ms, e.first_token_ms), error_kind = coalesce(e.error_kind, s.error_kind),
            error = coalesce(e.error, s.error), http_status = coalesce(e.http_status, s.http_status), generation_id = coalesce(e.generation_id, s.generation_id),
            served_model = coalesce(e.served_model, s.served_model), served_by = coalesce(e.served_by, s.served_by), finish_reason = coalesce(e.finish_reason, s.finish_reason),
            prompt_tokens = greatest(s.prompt_tokens, e.prompt_tokens), completion_tokens = greatest(s.completion_tokens, e.completion_tokens),
            cached_tokens = greatest(s.cached_tokens, e.cached_tokens), cache_write_tokens = greatest(s.cache_write_tokens, e.cache_write_tokens),
            reasoning_tokens = greatest(s.reasoning_tokens, e.reasoning_tokens)
        from ends e join booked b on b.selection_id = e.selection_id
        where s.selection_id = e.selection_id
        returning s.selection_id, s.provider, s.model, s.policy, s.requested_at, e.cost_usd - b.cost_usd as delta_usd
        """;

    /// <returns>The rows that were corrected: those that were estimated.</returns>
    public async Task<IReadOnlyList<CorrectedCost>> RunAsync(IReadOnlyCollection<(Guid SelectionId, CallEnd End)> ends, CancellationToken ct)
    {
        if (ends.Count == 0) return [];
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<CorrectedCost>(new CommandDefinition(Sql, new { rows = LedgerRows.Ended(ends), now = time.GetUtcNow() }, cancellationToken: ct))];
    }
}

/// <param name="DeltaUsd">What the call cost more than was booked; mostly negative.</param>
public sealed record CorrectedCost(Guid SelectionId, string Provider, string Model, string Policy, DateTimeOffset RequestedAt, decimal DeltaUsd);
