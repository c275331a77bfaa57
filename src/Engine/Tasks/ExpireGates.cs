using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Decides gates as expired whose time is over: their tasks go on and see it. A timeout never means yes.</summary>
public sealed class ExpireGates(MoveTasks move, TimeProvider time, PutTasks put, WakeWorkers wake)
{
    const string OverdueSql = "select task_id from task_gated where expires_at <= @now order by expires_at limit @BatchRows";

    // The gate's row first and the task's after it, as everybody does; what somebody else is at is passed over.
    const string GatesSql = """
        select task_id from task_gates where task_id = any(@taskIds) and decision is null and opened_at is not null order by task_id for update skip locked
        """;

    const string LeaveSql = """
        delete from task_gated where task_id in (
            select task_id from task_gated where task_id = any(@taskIds) and expires_at <= @now order by task_id for update skip locked)
        returning task_id, epoch, lane_id, failures, losses, flags, gate
        """;

    const string DecideSql = """
        update task_gates g set decision = 'expired', decided_by = 'engine', decided_at = @now
        from unnest(@taskIds, @gates, @epochs) e(task_id, gate, epoch)
        where g.task_id = e.task_id and g.gate = e.gate and g.epoch = e.epoch and g.decision is null
        """;

    const string NextSql = "select min(expires_at) from task_gated where expires_at is not null";

    /// <summary>Tasks that one pass moves at most.</summary>
    public int BatchRows { get; init; } = 1000;

    public Task<MovedTasks> RunAsync(CancellationToken ct) => move.RunAsync(async (connection, transaction) => (await ExpireAsync(connection, transaction, ct), true), ct);

    async Task<MovedTasks> ExpireAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var overdue = (await connection.QueryAsync<Guid>(new CommandDefinition(OverdueSql, new { now, BatchRows }, transaction, cancellationToken: ct))).ToArray();
        IReadOnlyList<int> lanes = [];
        Expired[] expired = [];
        if (overdue.Length > 0)
        {
            var taskIds = (await connection.QueryAsync<Guid>(new CommandDefinition(GatesSql, new { taskIds = overdue }, transaction, cancellationToken: ct))).Distinct().ToArray();
            expired = [.. await connection.QueryAsync<Expired>(new CommandDefinition(LeaveSql, new { taskIds, now }, transaction, cancellationToken: ct))];
            await connection.ExecuteAsync(new CommandDefinition(DecideSql, new
            {
                now,
                taskIds = expired.Select(e => e.TaskId).ToArray(),
                gates = expired.Select(e => e.Gate).ToArray(),
                epochs = expired.Select(e => e.Epoch).ToArray(),
            }, transaction, cancellationToken: ct));
            lanes = await put.ReadyAsync(connection, transaction, [.. expired.Select(e => e.Row)], now, keepsSlot: false, avoidWorker: null, ct);
            await wake.InTransactionAsync(connection, transaction, lanes, ct);
        }
        var next = await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(NextSql, transaction: transaction, cancellationToken: ct));
        return new MovedTasks(expired.Length, lanes, next);
    }

    sealed record Expired(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, string Gate)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }
}
