using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// What the end of tasks does to others, in the transaction of the end: children of a parent that succeeded come one parent
/// nearer and are released by the last one, children of any other parent are blocked, dedup keys and slots become free.
/// </summary>
public sealed class SettleEnded(PutTasks put, ReleaseSlots releaseSlots)
{
    const string EdgesSql = """
        update task_dependencies set settled = @settled where parent_id = any(@parents) and settled is null returning child_id
        """;

    // In the order of their ids: parents that end at the same time may have several children in common. And after the edges, in
    // statements of their own, which see a child that was brought back while its edges were waited for.
    internal const string LockChildrenSql = "select from task_waiting where task_id = any(@children) order by task_id for update";

    const string SucceededSql = """
        update task_waiting w set open = w.open - c.parents from unnest(@children, @parents) c(child_id, parents) where w.task_id = c.child_id
        returning w.task_id, w.open
        """;

    const string OtherwiseSql = """
        update task_waiting w set failed = w.failed + c.parents from unnest(@children, @parents) c(child_id, parents) where w.task_id = c.child_id
        """;

    const string ReleasedSql = """
        delete from task_waiting where task_id = any(@children) and open = 0
        returning task_id, epoch, lane_id, failures, losses, flags, due_at
        """;

    // In the order of the keys, as filings lock them.
    const string KeysSql = """
        with locked as materialized (
            select k.dedup_key from task_keys k
            where k.dedup_key = any(array(select t.dedup_key from unnest(@keyed) e(task_id) cross join lateral (select dedup_key from tasks where task_id = e.task_id offset 0) t))
                and k.task_id = any(@keyed)
            order by k.dedup_key for update
        )
        delete from task_keys k using locked l where k.dedup_key = l.dedup_key
        """;

    /// <param name="ended">Tasks that have ended for good, with whether they succeeded.</param>
    /// <returns>The lanes that have something to claim now, for <see cref="WakeWorkers"/>.</returns>
    public async Task<IReadOnlyList<int>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<(TaskRow Row, bool Succeeded)> ended,
        DateTimeOffset now, CancellationToken ct)
    {
        var lanes = new List<int>();
        var parents = ended.Where(e => e.Row.Flags.HasFlag(TaskFlags.HasChildren)).ToArray();
        if (parents.Where(e => e.Succeeded).Select(e => e.Row.TaskId).Order().ToArray() is { Length: > 0 } succeeded)
            lanes.AddRange(await ReleaseChildrenAsync(connection, transaction, succeeded, now, ct));
        if (parents.Where(e => !e.Succeeded).Select(e => e.Row.TaskId).Order().ToArray() is { Length: > 0 } others)
            await CountAsync(connection, transaction, OtherwiseSql, "failed", others, ct);
        if (ended.Where(e => e.Row.Flags.HasFlag(TaskFlags.HasDedupKey)).Select(e => e.Row.TaskId).ToArray() is { Length: > 0 } keyed)
            await connection.ExecuteAsync(new CommandDefinition(KeysSql, new { keyed }, transaction, cancellationToken: ct));
        lanes.AddRange(await releaseSlots.RunAsync(connection, transaction, [.. ended.Select(e => e.Row)], now, ct));
        return lanes;
    }

    async Task<IReadOnlyList<int>> ReleaseChildrenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid[] parents, DateTimeOffset now, CancellationToken ct)
    {
        var counted = await CountAsync(connection, transaction, SucceededSql, "succeeded", parents, ct);
        var children = counted.Where(c => c.Open == 0).Select(c => c.TaskId).ToArray();
        if (children.Length == 0) return [];
        var released = (await connection.QueryAsync<Released>(new CommandDefinition(ReleasedSql, new { children }, transaction, cancellationToken: ct))).ToArray();
        await put.DueAsync(connection, transaction, [.. released.Where(r => r.DueAt > now).Select(r => (r.Row, r.DueAt!.Value))], "later", ct);
        return await put.ReadyAsync(connection, transaction, [.. released.Where(r => !(r.DueAt > now)).Select(r => r.Row)], now, keepsSlot: false, avoidWorker: null, ct);
    }

    /// <summary>Settles the edges to some parents, and counts them at the children that still wait.</summary>
    static async Task<IEnumerable<Counted>> CountAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, string settled, Guid[] parents, CancellationToken ct)
    {
        var edges = await connection.QueryAsync<Guid>(new CommandDefinition(EdgesSql, new { settled, parents }, transaction, cancellationToken: ct));
        var counts = edges.CountBy(child => child).OrderBy(c => c.Key).ToArray();
        if (counts.Length == 0) return [];
        var children = counts.Select(c => c.Key).ToArray();
        await connection.ExecuteAsync(new CommandDefinition(LockChildrenSql, new { children }, transaction, cancellationToken: ct));
        return await connection.QueryAsync<Counted>(new CommandDefinition(sql, new { children, parents = counts.Select(c => c.Value).ToArray() }, transaction, cancellationToken: ct));
    }

    sealed record Counted(Guid TaskId, int Open);

    sealed record Released(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, DateTimeOffset? DueAt)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }
}
