using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// The circuit breaker of each kind, in the database, for all workers: more than half of a worker's last ten attempts
/// failed, and the kind stands still; then one probe at a time, until fewer than a fifth of the last ten failed.
/// </summary>
public sealed class Breakers(NpgsqlDataSource database, TimeProvider time, ILogger<Breakers> log)
{
    static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5), LongestPause = TimeSpan.FromMinutes(1);

    const string OpenSql = """
        insert into task_breakers (kind, state, changed_at, retry_at, openings, recent, reason) values (@kind, 'open', @now, @retryAt, 1, @outcomes, @reason)
        on conflict (kind) do update set state = 'open', changed_at = excluded.changed_at, retry_at = excluded.retry_at, openings = task_breakers.openings + 1,
            recent = excluded.recent, reason = excluded.reason, probe_by = null, probe_until = null
        where task_breakers.state = 'closed'
        returning kind
        """;

    const string ReadSql = "select kind, state, retry_at, probe_by from task_breakers where state <> 'closed'";

    // A ticket is its worker's for as long as that runs a task of the kind, however long that takes.
    const string ProbeSql = """
        update task_breakers b set state = 'probing', probe_by = @workerId, probe_until = @until
        where b.kind = @kind and ((b.state = 'open' and b.retry_at <= @now) or (b.state = 'probing' and (b.probe_by is null or b.probe_by = @workerId or (b.probe_until < @now
                and not exists (select from task_leases s join task_lanes n on n.lane_id = s.lane_id where s.worker_id = b.probe_by and n.kind = b.kind)))))
            and exists (select from task_ready r join task_lanes l on l.lane_id = r.lane_id where l.kind = @kind)
        returning b.kind
        """;

    const string EndProbeSql = """
        with probed as (
            select kind, right(recent || @outcome, 10) as outcomes from task_breakers where kind = @kind and state = 'probing' and probe_by = @workerId for update
        ), judged as (
            select kind, outcomes, case when @outcome = 'f' then 'open'
                when length(replace(outcomes, 's', '')) * 5 < length(outcomes) then 'closed' else 'probing' end as state
            from probed
        )
        update task_breakers b set state = j.state, recent = case when j.state = 'closed' then '' else j.outcomes end, probe_by = null, probe_until = null,
            changed_at = case when j.state = 'probing' then b.changed_at else @now end, retry_at = case when j.state = 'open' then @retryAt end
        from judged j where b.kind = j.kind
        returning b.state
        """;

    /// <summary>Whether outcomes, of s and f, are bad enough: more than five of the last ten.</summary>
    public static bool IsBad(string outcomes) => outcomes.Count(o => o == 'f') > 5;

    public async Task OpenAsync(string kind, string outcomes, string reason, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var opened = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(OpenSql,
            new { kind, now, retryAt = now + FirstPause, outcomes, reason = Tasks.EndedAttempt.Shown(reason) }, cancellationToken: ct));
        if (opened is not null) log.BreakerOpened(kind, reason, now + FirstPause);
    }

    /// <summary>The kinds that stand still.</summary>
    public async Task<IReadOnlyList<StandingKind>> ReadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<StandingKind>(new CommandDefinition(ReadSql, cancellationToken: ct))];
    }

    /// <returns>Whether this worker may now run one task of the kind.</returns>
    public async Task<bool> TakeProbeAsync(string kind, long workerId, TimeSpan lease, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(ProbeSql, new { kind, workerId, now, until = now + lease }, cancellationToken: ct)) is not null;
    }

    public async Task EndProbeAsync(string kind, long workerId, bool isGood, int failedProbes, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var pause = FirstPause * Math.Pow(2, Math.Min(failedProbes, 10));
        await using var connection = await database.OpenConnectionAsync(ct);
        var state = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(EndProbeSql,
            new { kind, workerId, outcome = isGood ? "s" : "f", now, retryAt = now + (pause < LongestPause ? pause : LongestPause) }, cancellationToken: ct));
        if (state == "closed") log.BreakerClosed(kind);
    }
}

/// <param name="State">open or probing.</param>
public sealed record StandingKind(string Kind, string State, DateTimeOffset? RetryAt, long? ProbeBy);
