using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// What the end of tasks does to others, in the transaction of the end: children of a parent that succeeded come one parent
/// nearer and are released by the last one, children of any other parent are blocked, dedup keys and slots become free.
/// </summary>
public sealed class SettleEnded(PutTasks put, ReleaseSlots releaseSlots)
{
    const string SucceededSql = """
        with edges as (
            update task_dependencies set settled = 'succeeded' where parent_id = any(@parents) and settled is null returning child_id
        ), counted as (
            select child_id, count(*)::integer as parents from edges group by child_id
        )
        update task_waiting w set open = w.open - c.parents from counted c where w.task_id = c.child_id
        returning w.task_id, w.open
        """;

    const string OtherwiseSql = """
        with edges as (
            update task_dependencies set settled = 'failed' where parent_id = any(@parents) and settled is null returning child_id
        ), counted as (
            select child_id, count(*)::integer as parents from edges group by child_id
        )
        update task_waiting w set failed = w.failed + c.parents from counted c where w.task_id = c.child_id
        """;

    const string ReleasedSql = """
        delete from task_waiting where task_id = any(@children) and open = 0
        returning task_id, epoch, lane_id, failures, losses, flags, due_at
        """;

    const string KeysSql = """
        delete from task_keys k using unnest(@keyed) e(task_id) cross join lateral (select dedup_key from tasks where task_id = e.task_id offset 0) t
        where k.dedup_key = t.dedup_key and k.task_id = e.task_id
        """;

    /// <param name="ended">Tasks that have ended for good, with whether they succeeded.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<(TaskRow Row, bool Succeeded)> ended,
        DateTimeOffset now, CancellationToken ct)
    {
        var parents = ended.Where(e => e.Row.Flags.HasFlag(TaskFlags.HasChildren)).ToArray();
        if (parents.Where(e => e.Succeeded).Select(e => e.Row.TaskId).Order().ToArray() is { Length: > 0 } succeeded)
            await ReleaseChildrenAsync(connection, transaction, succeeded, now, ct);
        if (parents.Where(e => !e.Succeeded).Select(e => e.Row.TaskId).Order().ToArray() is { Length: > 0 } others)
            await connection.ExecuteAsync(new CommandDefinition(OtherwiseSql, new { parents = others }, transaction, cancellationToken: ct));
        if (ended.Where(e => e.Row.Flags.HasFlag(TaskFlags.HasDedupKey)).Select(e => e.Row.TaskId).ToArray() is { Length: > 0 } keyed)
            await connection.ExecuteAsync(new CommandDefinition(KeysSql, new { keyed }, transaction, cancellationToken: ct));
        await releaseSlots.RunAsync(connection, transaction, [.. ended.Select(e => e.Row)], now, ct);
    }

    async Task ReleaseChildrenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid[] parents, DateTimeOffset now, CancellationToken ct)
    {
        var counted = await connection.QueryAsync<Counted>(new CommandDefinition(SucceededSql, new { parents }, transaction, cancellationToken: ct));
        var children = counted.Where(c => c.Open == 0).Select(c => c.TaskId).ToArray();
        if (children.Length == 0) return;
        var released = (await connection.QueryAsync<Released>(new CommandDefinition(ReleasedSql, new { children }, transaction, cancellationToken: ct))).ToArray();
        foreach (var later in released.Where(r => r.DueAt > now)) await put.DueAsync(connection, transaction, later.Row, later.DueAt!.Value, "later", ct);
        await put.ReadyAsync(connection, transaction, [.. released.Where(r => !(r.DueAt > now)).Select(r => r.Row)], now, keepsSlot: false, avoidWorker: null, ct);
    }

    sealed record Counted(Guid TaskId, int Open);

    sealed record Released(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, DateTimeOffset? DueAt)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }
}
