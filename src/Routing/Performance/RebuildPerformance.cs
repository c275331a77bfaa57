using Dapper;
using Npgsql;
using Routing.Calls;
using Routing.Catalog;

namespace Routing.Performance;

/// <summary>
/// Counts a window anew from the ledger and the verdicts, after a process was killed before it had flushed. Only for windows that ended
/// a while ago: what is still in the memory of a process would be counted twice.
/// </summary>
public sealed class RebuildPerformance(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>No call is longer under way, and no flush waits longer in a process that lives.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromHours(1);

    const string CallsSql = """
        select provider, model, policy, outcome, error_kind, cost_usd, floor(latency_ms)::bigint, floor(first_token_ms)::bigint,
            prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens
        from model_selections
        where requested_at >= @from and requested_at < @to and outcome in ('succeeded', 'failed', 'cancelled')
        """;

    const string VerdictsSql = "select provider, model, policy, source, verdict from routing_feedback where requested_at >= @from and requested_at < @to";

    const string IsPrunedSql = "select exists (select from model_spend where day between (@from at time zone 'utc')::date and (@to at time zone 'utc')::date)";

    const string DeleteSql = "delete from model_performance where window_kind = @kind and window_start = @from";

    /// <param name="at">Any time in the window.</param>
    /// <returns>How many rows the window has now; null when it ended too lately, or so long ago that its calls are not all kept any more.</returns>
    public async Task<int?> RunAsync(string kind, DateTimeOffset at, CancellationToken ct)
    {
        var from = PerformanceWindow.Start(kind, at);
        var to = from + PerformanceWindow.Length(kind);
        if (to > time.GetUtcNow() - Settled) return null;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(IsPrunedSql, new { from, to = to.AddTicks(-10) }, transaction, cancellationToken: ct))) return null;
        await connection.ExecuteAsync(new CommandDefinition(DeleteSql, new { kind, from }, transaction, cancellationToken: ct));
        var rows = new Dictionary<WindowKey, CallSums>();
        await AddCallsAsync(connection, kind, from, to, rows, ct);
        foreach (var verdict in await connection.QueryAsync<GivenVerdict>(new CommandDefinition(VerdictsSql, new { from, to }, transaction, cancellationToken: ct)))
            Row(rows, new WindowKey(kind, from, verdict.Provider, verdict.Model, verdict.Policy))
                .AddVerdict(1, VerdictWeights.Good(verdict.Source, verdict.Verdict), VerdictWeights.Bad(verdict.Source, verdict.Verdict));
        await WritePerformance.RunAsync(connection, transaction, rows, ct);
        await transaction.CommitAsync(ct);
        return rows.Count;
    }

    /// <summary>Row by row: a day may have millions.</summary>
    static async Task AddCallsAsync(NpgsqlConnection connection, string kind, DateTimeOffset from, DateTimeOffset to, Dictionary<WindowKey, CallSums> rows, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(CallsSql, connection);
        command.Parameters.AddWithValue("from", from.UtcDateTime);
        command.Parameters.AddWithValue("to", to.UtcDateTime);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            TimeSpan? Span(int column) => reader.IsDBNull(column) ? null : TimeSpan.FromMilliseconds(reader.GetInt64(column));
            var usage = new TokenUsage(reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11), 0, reader.GetInt64(12));
            var end = new CallEnd(reader.GetString(3), reader.GetDecimal(5), false, usage, Span(6) ?? TimeSpan.Zero, Span(7),
                reader.IsDBNull(4) ? null : reader.GetString(4));
            Row(rows, new WindowKey(kind, from, reader.GetString(0), reader.GetString(1), reader.GetString(2))).Add(end);
        }
    }

    static CallSums Row(Dictionary<WindowKey, CallSums> rows, WindowKey key)
    {
        if (!rows.TryGetValue(key, out var sums)) rows[key] = sums = new CallSums();
        return sums;
    }

    sealed record GivenVerdict(string Provider, string Model, string Policy, string Source, decimal Verdict);
}
