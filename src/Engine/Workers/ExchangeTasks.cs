using Engine.Database;
using Engine.Tasks;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Workers;

/// <summary>
/// The hot path: reports what has succeeded and claims what comes next, in one transaction and one round trip. One object
/// holds one connection; it is used by one caller at a time and thrown away after a failure.
/// </summary>
public sealed class ExchangeTasks : IAsyncDisposable
{
    // Found by place, which the claim told: no index is kept on leases. A row that has moved, or that has more to settle
    // (flags), is left to EndAttempts; what another owner has is refused there. Nothing is dated before what it follows: the times
    // are taken before the statements run, and on several hosts.
    public const string FinishSql = """
        with finished as (
            select * from unnest($1::text[]::tid[], $2::uuid[], $3::bigint[], $4::text[]) f(place, task_id, epoch, result)
        ), ended as (
            delete from task_leases l using finished f
            where l.ctid = f.place and l.task_id = f.task_id and l.epoch = f.epoch and l.flags = 0
            returning l.task_id, l.epoch, l.worker_id, l.claimed_at, l.lane_id, f.result
        )
        insert into task_attempts (task_id, epoch, worker_id, claimed_at, ended_at, lane_id, outcome, final_state, result)
        select task_id, epoch, worker_id, claimed_at, greatest($5, claimed_at), lane_id, 'succeeded', 'succeeded', result::jsonb from ended
        returning task_id
        """;

    // The first eight digits of a WAL file's name are the timeline, which grows with every promotion of a standby: epochs
    // start above all that the lost primary can have handed out.
    // Lanes are looked at from their low-water marks, so that rows that are dead but not yet cleared up are not walked over.
    // Of lanes in one bundle only the first that has something gives anything: their limit holds for all of them together.
    // Among lanes critical ones come first; on an aging turn, then those whose oldest task has waited longer than its patience.
    public const string ClaimSql = """
        with timeline as materialized (
            select ((('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint - 1) << 32) as first_epoch
        ), allowed as materialized (
            select w.worker_id from workers w cross join task_engine e
            where w.worker_id = $1 and w.generation = $2 and w.state in ('idle', 'busy') and not w.draining and w.lease_until > $3
                and e.mode = 'running' and e.min_protocol <= $4
            for key share of w
        ), heads as materialized (
            select l.lane_id, l.mark, l.most, l.bundle
            from allowed cross join unnest($5::integer[], $6::bigint[], $7::integer[], $8::integer[], $9::timestamptz[], $10::timestamptz[], $13::integer[])
                l(lane_id, mark, most, turn, not_after, overdue, bundle)
            cross join lateral (
                select ready_at from task_ready r where r.lane_id = l.lane_id and r.seq >= l.mark order by r.seq limit 1
            ) h
            where h.ready_at <= l.not_after
            order by case when h.ready_at < l.overdue then 0 else l.turn end, h.ready_at
        ), picked as (
            select p.place from (
                select * from heads a where a.bundle = 0 or a.lane_id = (select b.lane_id from heads b where b.bundle = a.bundle limit 1)
            ) h
            cross join lateral (
                select r.ctid as place from task_ready r
                where r.lane_id = h.lane_id and r.seq >= h.mark and (r.avoid_worker is null or r.avoid_worker <> $1 or r.ready_at < $11)
                order by r.seq limit h.most for no key update skip locked
            ) p
            limit $12
        ), moved as (
            delete from task_ready where ctid = any(array(select place from picked))
            returning task_id, seq, epoch, ready_at, lane_id, failures, losses, flags
        ), leased as (
            insert into task_leases (task_id, epoch, worker_id, claimed_at, lane_id, failures, losses, flags)
            select m.task_id, greatest(m.epoch + 1, t.first_epoch), $1, greatest($3, m.ready_at), m.lane_id, m.failures, m.losses, m.flags from moved m cross join timeline t
            returning ctid as place, task_id, epoch
        )
        select l.place, m.task_id, l.epoch, m.lane_id, m.failures, m.losses, m.flags, m.seq, m.ready_at, t.payload::text, t.dry_run, t.deadline_at
        from moved m
        join leased l on l.task_id = m.task_id
        cross join lateral (select payload, dry_run, deadline_at from tasks where task_id = m.task_id offset 0) t
        """;

    readonly NpgsqlConnection connection;
    readonly NpgsqlBatch both, finishOnly, claimOnly;
    readonly FinishParameters finish = new(), finishAlone = new();
    readonly ClaimParameters claim = new(), claimAlone = new();

    ExchangeTasks(NpgsqlConnection connection)
    {
        (this.connection, ServerProcessId) = (connection, connection.ProcessID);
        both = new NpgsqlBatch(connection) { BatchCommands = { finish.Command(FinishSql), claim.Command(ClaimSql) } };
        finishOnly = new NpgsqlBatch(connection) { BatchCommands = { finishAlone.Command(FinishSql) } };
        claimOnly = new NpgsqlBatch(connection) { BatchCommands = { claimAlone.Command(ClaimSql) } };
    }

    /// <summary>The server process behind the connection, also when that is broken.</summary>
    public int ServerProcessId { get; }

    public static async Task<ExchangeTasks> OpenAsync(ReservedConnections connections, bool throughPooler, CancellationToken ct)
    {
        var connection = await connections.OpenAsync(throughPooler, ct);
        var exchange = new ExchangeTasks(connection);
        try
        {
            if (throughPooler) return exchange; // sessions change under it: nothing can be prepared
            await exchange.both.PrepareAsync(ct);
            await exchange.finishOnly.PrepareAsync(ct);
            await exchange.claimOnly.PrepareAsync(ct);
            return exchange;
        }
        catch
        {
            await exchange.DisposeAsync();
            throw;
        }
    }

    /// <param name="finished">Attempts that succeeded; may be empty.</param>
    /// <param name="asked">What to claim; null: nothing.</param>
    /// <returns>Which of the finished were accepted here, and what was claimed.</returns>
    /// <exception cref="NpgsqlException">Whether it was committed is not known; nobody may believe either.</exception>
    public async Task<Exchanged> RunAsync(IReadOnlyList<FinishedAttempt> finished, AskedClaim? asked, DateTimeOffset now, CancellationToken ct)
    {
        var batch = asked is null ? finishOnly : finished.Count == 0 ? claimOnly : both;
        if (finished.Count > 0) (asked is null ? finishAlone : finish).Set(finished, now);
        if (asked is not null) (finished.Count == 0 ? claimAlone : claim).Set(asked, now);

        await using var reader = await batch.ExecuteReaderAsync(ct);
        var accepted = new HashSet<Guid>(finished.Count);
        if (finished.Count > 0)
        {
            while (await reader.ReadAsync(ct)) accepted.Add(reader.GetGuid(0));
            await reader.NextResultAsync(ct);
        }
        var claimed = new List<ClaimedRow>(asked?.Most is > 0 and var most ? Math.Min(most, 1024) : 0);
        if (asked is not null)
            while (await reader.ReadAsync(ct))
                claimed.Add(new ClaimedRow(reader.GetFieldValue<NpgsqlTid>(0),
                    new TaskRow(reader.GetGuid(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetInt16(4), reader.GetInt16(5), (TaskFlags)reader.GetInt16(6)),
                    reader.GetInt64(7), Utc(reader, 8), reader.GetString(9), reader.GetBoolean(10), reader.IsDBNull(11) ? null : Utc(reader, 11)));
        while (await reader.NextResultAsync(ct)) { }
        return new Exchanged(accepted, claimed);
    }

    public async ValueTask DisposeAsync()
    {
        await both.DisposeAsync();
        await finishOnly.DisposeAsync();
        await claimOnly.DisposeAsync();
        await connection.DisposeAsync();
    }

    static DateTimeOffset Utc(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    sealed class FinishParameters
    {
        readonly NpgsqlParameter<string[]> places = new() { TypedValue = [] }; // Npgsql writes no arrays of tid
        readonly NpgsqlParameter<Guid[]> taskIds = new() { TypedValue = [] };
        readonly NpgsqlParameter<long[]> epochs = new() { TypedValue = [] };
        readonly NpgsqlParameter<string?[]> results = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = [] };
        readonly NpgsqlParameter<DateTime> now = new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, TypedValue = DateTime.UnixEpoch };

        public NpgsqlBatchCommand Command(string sql) => new(sql) { Parameters = { places, taskIds, epochs, results, now } };

        public void Set(IReadOnlyList<FinishedAttempt> finished, DateTimeOffset at)
        {
            places.TypedValue = [.. finished.Select(f => f.Task.Place.ToString())];
            taskIds.TypedValue = [.. finished.Select(f => f.Task.Row.TaskId)];
            epochs.TypedValue = [.. finished.Select(f => f.Task.Row.Epoch)];
            results.TypedValue = [.. finished.Select(f => ((TaskResult.Succeeded)f.Result).Json)];
            now.TypedValue = at.UtcDateTime;
        }
    }

    sealed class ClaimParameters
    {
        readonly NpgsqlParameter<long> worker = new(), generation = new();
        readonly NpgsqlParameter<DateTime> now = Time(), avoidUntil = Time();
        readonly NpgsqlParameter<int> protocol = new() { TypedValue = RegisterWorker.Protocol }, most = new();
        readonly NpgsqlParameter<int[]> lanes = new() { TypedValue = [] }, mosts = new() { TypedValue = [] }, turns = new() { TypedValue = [] }, bundles = new() { TypedValue = [] };
        readonly NpgsqlParameter<long[]> marks = new() { TypedValue = [] };
        readonly NpgsqlParameter<DateTime[]> notAfter = Times(), overdue = Times();

        public NpgsqlBatchCommand Command(string sql) =>
            new(sql) { Parameters = { worker, generation, now, protocol, lanes, marks, mosts, turns, notAfter, overdue, avoidUntil, most, bundles } };

        public void Set(AskedClaim asked, DateTimeOffset at)
        {
            (worker.TypedValue, generation.TypedValue, now.TypedValue, most.TypedValue) = (asked.WorkerId, asked.Generation, at.UtcDateTime, asked.Most);
            avoidUntil.TypedValue = (at - AskedClaim.Avoidance).UtcDateTime;
            lanes.TypedValue = [.. asked.Lanes.Select(l => l.LaneId)];
            marks.TypedValue = [.. asked.Lanes.Select(l => l.Mark)];
            mosts.TypedValue = [.. asked.Lanes.Select(l => l.Most)];
            turns.TypedValue = [.. asked.Lanes.Select(l => l.Turn)];
            bundles.TypedValue = [.. asked.Lanes.Select(l => l.Bundle)];
            notAfter.TypedValue = [.. asked.Lanes.Select(l => l.NotAfter.UtcDateTime)];
            overdue.TypedValue = [.. asked.Lanes.Select(l => l.Overdue.UtcDateTime)];
        }

        static NpgsqlParameter<DateTime> Time() => new() { NpgsqlDbType = NpgsqlDbType.TimestampTz, TypedValue = DateTime.UnixEpoch };

        static NpgsqlParameter<DateTime[]> Times() => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, TypedValue = [] };
    }
}

/// <summary>What a worker asks for.</summary>
/// <param name="Generation">Of the worker's row; a claim under an older one comes to nothing.</param>
/// <param name="Most">Over all lanes.</param>
public sealed record AskedClaim(long WorkerId, long Generation, int Most, IReadOnlyList<AskedLane> Lanes)
{
    /// <summary>How long a reassigned task stays out of its old worker's reach; after that anybody may have it.</summary>
    public static readonly TimeSpan Avoidance = TimeSpan.FromSeconds(1.5);
}

/// <param name="Mark">Where to begin to look; 0: at the start.</param>
/// <param name="Most">From this lane.</param>
/// <param name="Turn">Lower comes first.</param>
/// <param name="NotAfter">Only when its oldest task has been ready since then or longer: leaves a moment to workers that do it better.</param>
/// <param name="Overdue">When its oldest task has been ready since before that, it comes first; the beginning of time when that does not count.</param>
/// <param name="Bundle">Lanes with the same number, other than 0, have their limit together.</param>
public sealed record AskedLane(int LaneId, long Mark, int Most, int Turn, DateTimeOffset NotAfter, DateTimeOffset Overdue, int Bundle = 0);

public sealed record Exchanged(IReadOnlySet<Guid> Accepted, IReadOnlyList<ClaimedRow> Claimed);

/// <summary>A claimed task as it came from the database; <see cref="ClaimedTask"/> adds what the worker knows.</summary>
public sealed record ClaimedRow(NpgsqlTid Place, TaskRow Row, long Seq, DateTimeOffset ReadyAt, string PayloadJson, bool DryRun, DateTimeOffset? DeadlineAt);

/// <summary>An attempt that has run, with what came of it.</summary>
/// <param name="Fault">The exception that ended it; null when the handler returned.</param>
public sealed record FinishedAttempt(ClaimedTask Task, TaskResult Result, Exception? Fault);
