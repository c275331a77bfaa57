using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// Gives the tasks of workers that are gone to others. A worker is gone when its lease has run out by the database's clock; each task
/// is moved under its epoch like by anybody else, so that a finish that comes at the same moment wins or loses whole. What a worker
/// held that said itself that it stops (offline) goes back as if it had given it back; with another one it counts as a loss.
/// </summary>
public sealed class RescueTasks(NpgsqlDataSource database, TimeProvider time, TaskLanes lanes, CountDeaths countDeaths, RecordAttempts record, PutTasks put, SettleEnded settle,
    WakeWorkers wake, WorkerMetrics metrics, ILogger<RescueTasks> log)
{
    const int Batch = 1000;

    /// <summary>In one pass; it is a second until the next.</summary>
    const int MostWorkers = 100;

    const string ExpireSql = """
        update workers set state = 'failed', running = 0 where state in ('idle', 'busy') and lease_until < @now
        """;

    // Of those that are gone only who holds something that may be taken now, so that the others never stand in the way. One look
    // through the leases for all of them, and none at all while nobody is gone. A kind may have a longer lease than its worker.
    const string DeadSql = """
        with gone as materialized (
            select worker_id, host, process_id, state, beat_at from workers where state in ('offline', 'failed') and cleared_at is null and lease_until < @now
        ), held as materialized (
            select l.worker_id, min(coalesce(k.lease_ms, 0)) as lease_ms
            from task_leases l join task_lanes n on n.lane_id = l.lane_id left join task_kinds k on k.kind = n.kind
            where exists (select from gone) group by l.worker_id
        )
        select g.worker_id, g.host, g.process_id, g.state, g.beat_at from gone g join held h on h.worker_id = g.worker_id
        where g.beat_at + h.lease_ms * interval '1 millisecond' < @now
        order by g.beat_at, g.worker_id limit @MostWorkers
        """;

    const string TakeSql = """
        with lost as (
            select l.ctid as place, l.task_id from task_leases l join task_lanes n on n.lane_id = l.lane_id left join task_kinds k on k.kind = n.kind
            where l.worker_id = @workerId and @beatAt + coalesce(k.lease_ms, 0) * interval '1 millisecond' < @now
            limit @Batch for no key update of l skip locked
        )
        delete from task_leases l using lost where l.ctid = lost.place and l.task_id = lost.task_id
        returning l.task_id, l.epoch, l.lane_id, l.failures, l.losses, l.flags, l.claimed_at
        """;

    // A claim of the worker's last moments may still be on its way: it is looked for a while longer.
    const string ClearSql = """
        with gone as materialized (
            select worker_id from workers where state in ('offline', 'failed') and cleared_at is null and lease_until < @now - interval '1 minute'
        ), held as materialized (
            select distinct worker_id from task_leases where exists (select from gone)
        )
        update workers set cleared_at = @now where worker_id = any(array(
            select w.worker_id from workers w join gone g on g.worker_id = w.worker_id
            where w.cleared_at is null and not exists (select from held h where h.worker_id = w.worker_id)
            limit @Batch for no key update of w skip locked
        ))
        """;

    /// <returns>How many tasks were moved.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ExpireSql, new { now }, cancellationToken: ct));
        var moved = 0;
        foreach (var dead in await connection.QueryAsync<DeadWorker>(new CommandDefinition(DeadSql, new { now, MostWorkers }, cancellationToken: ct)))
        {
            int count, all = 0;
            do all += count = await RescueAsync(connection, dead, ct);
            while (count == Batch);
            moved += all;
            if (all == 0) continue;
            log.WorkerLost(dead.WorkerId, dead.Host, dead.ProcessId, all);
            metrics.TakenOver(all);
        }
        await connection.ExecuteAsync(new CommandDefinition(ClearSql, new { now, Batch }, cancellationToken: ct));
        return moved;
    }

    async Task<int> RescueAsync(NpgsqlConnection connection, DeadWorker dead, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var taken = (await connection.QueryAsync<Lost>(new CommandDefinition(TakeSql, new { dead.WorkerId, dead.BeatAt, now, Batch }, transaction, cancellationToken: ct))).ToArray();
        if (taken.Length == 0) return 0;
        var again = new List<TaskRow>();
        var given = new List<(TaskRow Row, bool Succeeded)>();
        var attempts = new List<EndedAttempt>();
        var suspects = taken.Where(l => !dead.HasStopped && l.Losses >= AfterFailure.MaxLosses - 1).Select(l => l.Row).ToArray();
        var deaths = await countDeaths.RunAsync(connection, transaction, suspects, dead.WorkerId, ct);
        foreach (var lost in taken)
        {
            var ended = new EndedAttempt(lost.TaskId, lost.Epoch, dead.WorkerId, lost.ClaimedAt, now, lost.LaneId, "returned", Error: "its worker stopped before it did");
            if (dead.HasStopped)
            {
                attempts.Add(ended);
                again.Add(lost.Row);
                continue;
            }
            var row = lost.Row with { Losses = (short)Math.Min(lost.Losses + 1, short.MaxValue) };
            if (deaths.TryGetValue(row.TaskId, out var died) && AfterFailure.DecideLost(died.Deaths, died.Workers) is AfterFailure.Quarantine quarantine)
            {
                attempts.Add(ended with { Outcome = "dead", FinalState = "dead", Fault = "worker_lost", Error = quarantine.Reason });
                given.Add((row, false));
                log.Quarantined(row.TaskId, quarantine.Reason);
            }
            else
            {
                attempts.Add(ended with { Outcome = "lost", Fault = "worker_lost", Error = "its worker was lost" });
                again.Add(row.Losses < AfterFailure.MaxLosses - 1 ? row : row with { LaneId = await lanes.SoloAsync(row.LaneId, ct) });
            }
        }
        await record.RunAsync(connection, transaction, attempts, ct);
        var woken = await put.ReadyAsync(connection, transaction, again, now, keepsSlot: true, avoidWorker: null, ct);
        woken = [.. woken, .. await settle.RunAsync(connection, transaction, given, now, ct)];
        await wake.InTransactionAsync(connection, transaction, woken, ct);
        await transaction.CommitAsync(ct);
        return taken.Length;
    }

    sealed record DeadWorker(long WorkerId, string Host, int ProcessId, string State, DateTimeOffset BeatAt)
    {
        /// <summary>By itself, in order or because it had no answer from the database for too long.</summary>
        public bool HasStopped => State == "offline";
    }

    sealed record Lost(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, DateTimeOffset ClaimedAt)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }
}
