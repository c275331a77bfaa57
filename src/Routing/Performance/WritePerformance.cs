using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Routing.Performance;

/// <summary>
/// Adds sums to the rows of their windows, in the order of their key: whoever writes at the same time takes the rows in the same
/// order, so that nobody waits in a circle.
/// </summary>
public static class WritePerformance
{
    /// <summary>Follows a <c>with</c>; what it selects from may have a condition of the caller's.</summary>
    const string UpsertSql = """
        insert into model_performance as p (window_kind, window_start, provider, model, policy, requests, successes, failures, cancelled, error_kinds,
            latency_ms, latency_counts, first_token_ms, first_token_counts, cost_usd, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,
            verdicts, good, bad)
        select r.window_kind, r.window_start, r.provider, r.model, r.policy, r.requests, r.successes, r.failures, r.cancelled, r.error_kinds,
            r.latency_ms, r.latency_counts, r.first_token_ms, r.first_token_counts, r.cost_usd, r.prompt_tokens, r.completion_tokens, r.cached_tokens, r.cache_write_tokens,
            r.reasoning_tokens, r.verdicts, r.good, r.bad
        from jsonb_to_recordset(@rows) as r (window_kind text, window_start timestamptz, provider text, model text, policy text, requests bigint, successes bigint, failures bigint,
            cancelled bigint, error_kinds jsonb, latency_ms bigint, latency_counts integer[], first_token_ms bigint, first_token_counts integer[], cost_usd numeric,
            prompt_tokens bigint, completion_tokens bigint, cached_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint, verdicts bigint, good numeric, bad numeric)
        where {0}
        order by r.window_kind, r.window_start, r.provider, r.model, r.policy
        on conflict (window_kind, window_start, provider, model, policy) do update set
            requests = p.requests + excluded.requests, successes = p.successes + excluded.successes, failures = p.failures + excluded.failures,
            cancelled = p.cancelled + excluded.cancelled, error_kinds = routing_add_kinds(p.error_kinds, excluded.error_kinds),
            latency_ms = p.latency_ms + excluded.latency_ms, latency_counts = routing_add_counts(p.latency_counts, excluded.latency_counts),
            first_token_ms = p.first_token_ms + excluded.first_token_ms, first_token_counts = routing_add_counts(p.first_token_counts, excluded.first_token_counts),
            cost_usd = p.cost_usd + excluded.cost_usd, prompt_tokens = p.prompt_tokens + excluded.prompt_tokens,
            completion_tokens = p.completion_tokens + excluded.completion_tokens, cached_tokens = p.cached_tokens + excluded.cached_tokens,
            cache_write_tokens = p.cache_write_tokens + excluded.cache_write_tokens, reasoning_tokens = p.reasoning_tokens + excluded.reasoning_tokens,
            verdicts = p.verdicts + excluded.verdicts, good = p.good + excluded.good, bad = p.bad + excluded.bad
        """;

    static readonly string AddSql = UpsertSql.Replace("{0}", "true", StringComparison.Ordinal);

    static readonly string AddBatchSql = """
        with fresh as (
            insert into model_performance_writers as w (writer_id, batch, written_at) values (@writerId, @batch, @now)
            on conflict (writer_id) do update set batch = excluded.batch, written_at = excluded.written_at where w.batch < excluded.batch
            returning batch
        )
        """ + "\n" + UpsertSql.Replace("{0}", "exists (select from fresh)", StringComparison.Ordinal);

    static readonly JsonSerializerOptions Columns = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>In the caller's transaction.</summary>
    public static async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<KeyValuePair<WindowKey, CallSums>> rows, CancellationToken ct)
    {
        await using var command = Command(AddSql, connection, rows);
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>A process's batch, once: written again, as after an answer that was lost, it changes nothing.</summary>
    /// <param name="batch">Counted from 1, in order.</param>
    public static async Task RunAsync(NpgsqlConnection connection, Guid writerId, long batch, DateTimeOffset now, IEnumerable<KeyValuePair<WindowKey, CallSums>> rows, CancellationToken ct)
    {
        await using var command = Command(AddBatchSql, connection, rows);
        command.Parameters.AddWithValue("writerId", writerId);
        command.Parameters.AddWithValue("batch", batch);
        command.Parameters.AddWithValue("now", now.UtcDateTime);
        await command.ExecuteNonQueryAsync(ct);
    }

    static NpgsqlCommand Command(string sql, NpgsqlConnection connection, IEnumerable<KeyValuePair<WindowKey, CallSums>> rows)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("rows", NpgsqlDbType.Jsonb, JsonSerializer.Serialize(rows.Select(r => Row.Of(r.Key, r.Value)), Columns));
        return command;
    }

    sealed record Row(string WindowKind, DateTimeOffset WindowStart, string Provider, string Model, string Policy, long Requests, long Successes, long Failures, long Cancelled,
        SortedDictionary<string, long> ErrorKinds, long LatencyMs, IReadOnlyList<int> LatencyCounts, long FirstTokenMs, IReadOnlyList<int> FirstTokenCounts, decimal CostUsd,
        long PromptTokens, long CompletionTokens, long CachedTokens, long CacheWriteTokens, long ReasoningTokens, long Verdicts, decimal Good, decimal Bad)
    {
        public static Row Of(WindowKey key, CallSums sums) => new(key.Kind, key.Start, key.Provider, key.Model, key.Policy, sums.Requests, sums.Successes, sums.Failures, sums.Cancelled,
            sums.ErrorKinds, sums.LatencyMs, sums.Latency.Counts, sums.FirstTokenMs, sums.FirstToken.Counts, sums.CostUsd,
            sums.PromptTokens, sums.CompletionTokens, sums.CachedTokens, sums.CacheWriteTokens, sums.ReasoningTokens, sums.Verdicts, sums.Good, sums.Bad);
    }
}
