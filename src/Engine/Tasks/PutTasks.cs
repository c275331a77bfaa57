using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Puts rows that were taken into the table of their next state, in the transaction that took them.</summary>
public sealed class PutTasks(PromoteHeld promoteHeld)
{
    const string ReadySql = """
        insert into task_ready (task_id, epoch, ready_at, lane_id, failures, losses, flags, avoid_worker)
        select r.*, @avoidWorker from unnest(@taskIds, @epochs, array_fill(@now::timestamptz, array[cardinality(@taskIds)]), @laneIds, @failures, @losses, @flags) r
        """;

    const string HeldSql = """
        insert into task_held (task_id, concurrency_key, held_at, epoch, lane_id, failures, losses, flags)
        select r.task_id, t.concurrency_key, @now, r.epoch, r.lane_id, r.failures, r.losses, r.flags
        from unnest(@taskIds, @epochs, @laneIds, @failures, @losses, @flags) r(task_id, epoch, lane_id, failures, losses, flags)
        cross join lateral (select concurrency_key from tasks where task_id = r.task_id offset 0) t
        returning concurrency_key
        """;

    const string DueSql = """
        insert into task_due (task_id, due_at, epoch, lane_id, failures, losses, flags, reason)
        select r.*, @reason from unnest(@taskIds, @dueAts, @epochs, @laneIds, @failures, @losses, @flags) r
        """;

    const string GatedSql = """
        insert into task_gated (task_id, gate, waits_for, opened_at, expires_at, epoch, lane_id, failures, losses, flags)
        values (@TaskId, @gate, @waitsFor, @now, @expiresAt, @Epoch, @LaneId, @Failures, @Losses, @Flags)
        """;

    const string ParkedSql = """
        insert into task_parked (task_id, parked_at, reason, epoch, lane_id, failures, losses, flags)
        values (@TaskId, @now, @reason, @Epoch, @LaneId, @Failures, @Losses, @Flags)
        """;

    /// <summary>To be claimed; a task that needs a slot waits for one, unless it kept its own.</summary>
    /// <param name="keepsSlot">It still has the slot of its concurrency key.</param>
    /// <param name="avoidWorker">Who should not get it again at once; null when anybody may.</param>
    /// <returns>The lanes that have something to claim now, for <see cref="WakeWorkers"/>.</returns>
    public async Task<IReadOnlyList<int>> ReadyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TaskRow> rows, DateTimeOffset now,
        bool keepsSlot, long? avoidWorker, CancellationToken ct)
    {
        var held = keepsSlot ? [] : rows.Where(r => r.Flags.HasFlag(TaskFlags.NeedsSlot)).ToArray();
        var ready = keepsSlot ? rows : rows.Where(r => !r.Flags.HasFlag(TaskFlags.NeedsSlot)).ToArray();
        if (ready.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(ReadySql, Columns(ready, now, avoidWorker), transaction, cancellationToken: ct));
        int[] lanes = [.. ready.Select(r => r.LaneId).Distinct()];
        if (held.Length == 0) return lanes;
        var keys = await connection.QueryAsync<string>(new CommandDefinition(HeldSql, Columns(held, now, null), transaction, cancellationToken: ct));
        return [.. lanes, .. await promoteHeld.RunAsync(connection, transaction, [.. keys.Distinct().Order(StringComparer.Ordinal)], now, ct)];
    }

    /// <param name="reason">later, retry or snoozed.</param>
    public Task DueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TaskRow row, DateTimeOffset dueAt, string reason, CancellationToken ct) =>
        DueAsync(connection, transaction, [(row, dueAt)], reason, ct);

    /// <param name="reason">later, retry or snoozed.</param>
    public async Task DueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<(TaskRow Row, DateTimeOffset DueAt)> rows, string reason, CancellationToken ct)
    {
        if (rows.Count == 0) return;
        var parameters = Columns([.. rows.Select(r => r.Row)], default, null);
        parameters.AddDynamicParams(new { reason, dueAts = rows.Select(r => r.DueAt.UtcDateTime).ToArray() });
        await connection.ExecuteAsync(new CommandDefinition(DueSql, parameters, transaction, cancellationToken: ct));
    }

    /// <param name="waitsFor">approval or signal.</param>
    public Task GatedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TaskRow row, string gate, string waitsFor, DateTimeOffset now,
        DateTimeOffset? expiresAt, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(GatedSql,
            new { row.TaskId, gate, waitsFor, now, expiresAt, row.Epoch, row.LaneId, row.Failures, row.Losses, Flags = (short)row.Flags }, transaction, cancellationToken: ct));

    public Task ParkedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TaskRow row, string reason, DateTimeOffset now, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(ParkedSql,
            new { row.TaskId, now, reason = Shortened(reason), row.Epoch, row.LaneId, row.Failures, row.Losses, Flags = (short)row.Flags }, transaction, cancellationToken: ct));

    static string Shortened(string? reason)
    {
        const int Most = 2000;
        if (string.IsNullOrEmpty(reason)) return "no reason was given";
        return RecordMove.Storable(reason.Length <= Most ? reason : reason[..(Most - 1)] + "…");
    }

    static DynamicParameters Columns(IReadOnlyList<TaskRow> rows, DateTimeOffset now, long? avoidWorker) => new(new
    {
        now,
        avoidWorker,
        taskIds = rows.Select(r => r.TaskId).ToArray(),
        epochs = rows.Select(r => r.Epoch).ToArray(),
        laneIds = rows.Select(r => r.LaneId).ToArray(),
        failures = rows.Select(r => r.Failures).ToArray(),
        losses = rows.Select(r => r.Losses).ToArray(),
        flags = rows.Select(r => (short)r.Flags).ToArray(),
    });
}
