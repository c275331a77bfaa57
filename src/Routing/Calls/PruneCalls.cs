using Dapper;
using Npgsql;

namespace Routing.Calls;

/// <summary>
/// Deletes rows of calls that have served their time, in batches, so that nobody waits for it. What they cost stays in sums by day. A call that is under
/// way, or whose provider may still tell what it cost, is kept whatever its age.
/// </summary>
public sealed class PruneCalls(NpgsqlDataSource database)
{
    const string CallsSql = """
        with gone as (
            delete from model_selections where selection_id in (
                select selection_id from model_selections where requested_at < @before and outcome <> 'open' and (not is_estimated or ask_at = 'infinity')
                order by requested_at limit @BatchRows for update skip locked)
            returning (requested_at at time zone 'utc')::date as day, policy, provider, model, task_kind, tenant, worker, outcome, cost_usd,
                prompt_tokens, completion_tokens, cached_tokens, latency_ms
        ), kept as (
            insert into model_spend as s (day, policy, provider, model, task_kind, tenant, worker, calls, succeeded, cost_usd, prompt_tokens, completion_tokens, cached_tokens, latency_ms, timed_calls)
            select day, policy, provider, model, task_kind, tenant, worker, count(*), count(*) filter (where outcome = 'succeeded'), sum(cost_usd),
                sum(prompt_tokens), sum(completion_tokens), sum(cached_tokens), coalesce(sum(latency_ms), 0), count(latency_ms)
            from gone group by day, policy, provider, model, task_kind, tenant, worker
            on conflict (day, policy, provider, model, task_kind, tenant, worker) do update set calls = s.calls + excluded.calls, succeeded = s.succeeded + excluded.succeeded,
                cost_usd = s.cost_usd + excluded.cost_usd, prompt_tokens = s.prompt_tokens + excluded.prompt_tokens, completion_tokens = s.completion_tokens + excluded.completion_tokens,
                cached_tokens = s.cached_tokens + excluded.cached_tokens, latency_ms = s.latency_ms + excluded.latency_ms, timed_calls = s.timed_calls + excluded.timed_calls
        )
        select count(*) from gone
        """;

    /// <summary>Rows that one transaction deletes at most.</summary>
    public int BatchRows { get; init; } = 1000;

    /// <param name="before">Calls that were asked for before this are deleted.</param>
    /// <returns>How many.</returns>
    public async Task<long> RunAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        long deleted = 0, rows;
        do deleted += rows = await connection.ExecuteScalarAsync<long>(new CommandDefinition(CallsSql, new { before, BatchRows }, cancellationToken: ct));
        while (rows == BatchRows);
        return deleted;
    }
}
