using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Counts the live tasks, and finds who keeps the database from clearing up behind them. Walks through all of them.</summary>
public sealed class ReadQueueDepth(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The schema's owner, for whom the functions about open transactions run, and whether it sees those of other logins. No row without the schema.</summary>
    public const string OwnerSql = """
        select pg_get_userbyid(proowner)::text as owner, pg_has_role(proowner, 'pg_read_all_stats', 'usage') as sees_all
        from pg_proc where oid = to_regprocedure('public.oldest_snapshots()')
        """;

    const string Sql = $"""
        select set_config('jit', 'off', true);
        select l.kind, l.priority, sum(r.ready)::bigint as ready, min(r.oldest_at) as oldest_at
        from (select lane_id, count(*) as ready, min(ready_at) as oldest_at from task_ready group by lane_id) r join task_lanes l on l.lane_id = r.lane_id
        group by l.kind, l.priority order by l.kind, l.priority;
        select 'pending' as state, count(*) as tasks from task_held
        union all select 'running', count(*) from task_leases
        union all select 'scheduled', count(*) from task_due
        union all select 'waiting_dependency', count(*) from task_waiting where failed = 0
        union all select 'blocked', count(*) from task_waiting where failed > 0
        union all select 'blocked', count(*) from task_parked
        union all select 'waiting_approval', count(*) from task_gated where waits_for = 'approval'
        union all select 'waiting_signal', count(*) from task_gated where waits_for = 'signal';
        select kind, state, changed_at, retry_at, openings, reason from task_breakers order by kind limit 200;
        select held_by, started_at from oldest_snapshots() limit 1;
        {OwnerSql}
        """;

    public async Task<QueueDepth> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(Sql, cancellationToken: ct));
        await grids.ReadAsync<string>();
        KindDepth[] ready = [.. await grids.ReadAsync<KindDepth>()];
        var counted = (await grids.ReadAsync<(string State, long Tasks)>()).GroupBy(c => TaskStates.Find(c.State)!.Value).ToDictionary(g => g.Key, g => g.Sum(c => c.Tasks));
        counted[TaskState.Pending] += ready.Sum(r => r.Ready);
        KindBreaker[] breakers = [.. await grids.ReadAsync<KindBreaker>()];
        var oldest = await grids.ReadSingleOrDefaultAsync<OldSnapshot>();
        return new QueueDepth(now, ready, counted, breakers, oldest, await grids.ReadSingleAsync<SchemaOwner>() is { SeesAll: false, Owner: var owner } ? owner : null);
    }
}

/// <param name="At">When it was counted, by the database's clock.</param>
/// <param name="Ready">Tasks that could be claimed.</param>
/// <param name="States">How many tasks are in each state of live ones.</param>
/// <param name="Oldest">The oldest transaction that keeps the database from clearing up; null when there is none.</param>
/// <param name="BlindOwner">The schema's owner when it does not see what sessions of other logins do; else null.</param>
public sealed record QueueDepth(DateTimeOffset At, IReadOnlyList<KindDepth> Ready, IReadOnlyDictionary<TaskState, long> States, IReadOnlyList<KindBreaker> Breakers,
    OldSnapshot? Oldest, string? BlindOwner)
{
    /// <summary>How old the oldest snapshot was; zero when there was none.</summary>
    public TimeSpan SnapshotAge => Oldest is { } oldest && oldest.StartedAt < At ? At - oldest.StartedAt : TimeSpan.Zero;
}

/// <param name="OldestAt">Since when the oldest of them could be claimed.</param>
public sealed record KindDepth(string Kind, short Priority, long Ready, DateTimeOffset OldestAt);

/// <param name="SeesAll">It may read what the sessions of all logins do.</param>
public sealed record SchemaOwner(string Owner, bool SeesAll)
{
    /// <summary>What an administrator of the database has to run.</summary>
    public static string GrantTo(string owner) => $"grant pg_read_all_stats to \"{owner.Replace("\"", "\"\"", StringComparison.Ordinal)}\";";
}

/// <param name="HeldBy">The session or prepared transaction, in words.</param>
public sealed record OldSnapshot(string HeldBy, DateTimeOffset StartedAt);

/// <summary>A kind that stands or stood still for all workers, because it failed too often.</summary>
/// <param name="State">closed (it works), open (it stands still) or probing (one at a time is tried).</param>
/// <param name="RetryAt">When it is tried at the earliest; null unless it is open.</param>
/// <param name="Openings">How often it came to that.</param>
public sealed record KindBreaker(string Kind, string State, DateTimeOffset ChangedAt, DateTimeOffset? RetryAt, int Openings, string? Reason);
