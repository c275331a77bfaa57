using Crawlers.Logs.Alerts;
using Crawlers.Logs.Groups;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Counting;

/// <summary>
/// Writes what was read, in one transaction: how far the source is read, what is open in it, the counts, and what is to be told of them. Whoever lost
/// the source changes nothing.
/// </summary>
public sealed class CommitCrawl(NpgsqlDataSource database, TimeProvider time, LearnGroups learn)
{
    // Holds the row until the end: two processes that both think the source is theirs come one after the other.
    const string CrawlSql = """
        update log_crawls set lease_until = case when @epoch is null then lease_until else @leaseUntil end, read_at = @now, event_at = greatest(event_at, @eventAt), problem = @problem, behind_bytes = @behindBytes,
            lines = lines + @Lines, bytes = bytes + @Bytes, events = events + @Events, errors = errors + @Errors, dropped_bytes = dropped_bytes + @DroppedBytes, dropped_errors = dropped_errors + @DroppedErrors
        where source_id = @sourceId and (@epoch::bigint is null or epoch = @epoch)
        returning source_id
        """;

    const string PositionsSql = """
        with gone as (
            delete from log_positions where source_id = @sourceId and key = any(@gone)
        )
        insert into log_positions (source_id, key, position, changed_at) select @sourceId, k, p::jsonb, @now from unnest(@keys, @positions) r(k, p)
        on conflict (source_id, key) do update set position = excluded.position, changed_at = excluded.changed_at
        """;

    const int MaxKey = 200, MaxProblem = 2000;

    const string KnownSql = "select exists (select from log_positions where source_id = @sourceId and key = any(@keys))";

    const string CarriesSql = """
        with gone as (
            delete from log_carries where source_id = @sourceId and part = any(@gone)
        )
        insert into log_carries (source_id, part, state, changed_at) select @sourceId, p, s, @now from unnest(@parts, @states) r(p, s)
        on conflict (source_id, part) do update set state = excluded.state, changed_at = excluded.changed_at
        """;

    /// <returns>What is to be told; null when the source is no longer this process's, and nothing was written.</returns>
    public async Task<Committed?> RunAsync(CrawlCommit commit, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var learned = learn.Run(commit.Counted.Tallies.Select(t => t.Fingerprint));
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (counts, sourceId) = (commit.Counted.Counts, commit.SourceId);
        var mine = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(CrawlSql, new
        {
            now, sourceId, epoch = commit.Epoch, leaseUntil = now + commit.Lease, eventAt = commit.Counted.ErrorAt, problem = commit.Problem is { } problem ? StoredText.Of(problem, MaxProblem) : null, behindBytes = commit.BehindBytes,
            counts.Lines, counts.Bytes, counts.Events, counts.Errors, counts.DroppedBytes, counts.DroppedErrors,
        }, transaction, cancellationToken: ct));
        if (mine is null) return null;
        if (commit.Epoch is null && await connection.ExecuteScalarAsync<bool>(new CommandDefinition(KnownSql, new { sourceId, keys = commit.Positions.Where(p => p.Value is not null).Select(p => p.Key).ToArray() }, transaction, cancellationToken: ct)))
            throw new IOException($"Another process has stored what was received for {commit.SourceName}; it is read anew.");
        await WriteAsync(PositionsSql, commit.Positions.Count, new
        {
            now, sourceId, gone = commit.Positions.Where(p => p.Value is null).Select(p => StoredText.Of(p.Key, MaxKey)).ToArray(),
            keys = commit.Positions.Where(p => p.Value is not null).Select(p => StoredText.Of(p.Key, MaxKey)).ToArray(), positions = commit.Positions.Values.OfType<string>().ToArray(),
        });
        var carries = commit.Epoch is null ? new Dictionary<string, byte[]?>() : commit.Counted.Carries; // of a shared source each event is whole
        await WriteAsync(CarriesSql, carries.Count, new
        {
            now, sourceId, gone = carries.Where(c => c.Value is null).Select(c => c.Key).ToArray(),
            parts = carries.Where(c => c.Value is not null).Select(c => c.Key).ToArray(), states = carries.Values.OfType<byte[]>().ToArray(),
        });
        var errors = await StoreErrors.RunAsync(connection, transaction, commit, learned, now, ct);
        var told = await TellErrors.RunAsync(connection, transaction, commit, errors, now, ct);
        await transaction.CommitAsync(ct);
        learn.Add(errors.Select(e => (e.Fingerprint, e.Group)), learned, now);
        return new Committed(told);

        Task WriteAsync(string sql, int rows, object parameters) =>
            rows == 0 ? Task.CompletedTask : connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }
}

/// <param name="Epoch">Under which the source was taken; null: it is nobody's, several processes count in it at once.</param>
/// <param name="Lease">For how long it stays taken.</param>
/// <param name="Positions">By the reader's key; null: forget it.</param>
public sealed record CrawlCommit(int SourceId, string SourceName, long? Epoch, TimeSpan Lease, IReadOnlyDictionary<string, string?> Positions, Counted Counted, string? Problem, long BehindBytes);

/// <param name="Findings">That were written.</param>
public sealed record Committed(int Findings);
