using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Brings back a task that ended otherwise than well: its history stays and its epochs go on, its counters start again, what
/// people had decided at its gates is asked anew, and children that its end had blocked wait for it again. A deadline that has
/// passed is replaced, by the person who brings it back.
/// </summary>
public sealed class RedriveTask(MoveTasks move, TimeProvider time, AttachParents attachParents, PutTasks put, WakeWorkers wake, RecordMove record, ILogger<RedriveTask> log)
{
    // The lock keeps a second redrive out, and filings of children that look how this one ended.
    const string EndSql = """
        select epoch, final_state from task_attempts where task_id = @taskId and final_state is not null and reopened_at is null for update
        """;

    const string TaskSql = "select task_id, lane_id, dedup_key, concurrency_key, deadline_at from tasks where task_id = @taskId";

    const string KeySql = """
        insert into task_keys (dedup_key, task_id) values (@DedupKey, @TaskId) on conflict (dedup_key) do update set task_id = task_keys.task_id
        returning task_id
        """;

    // A key that is not there any more had the limit 1; so has one that nobody had used for longer than ended tasks are kept.
    const string SlotsSql = """
        with known as (
            insert into task_concurrency (concurrency_key, max_running) values (@ConcurrencyKey, 1)
            on conflict (concurrency_key) do update set idle_since = null
            returning concurrency_key, max_running
        )
        insert into task_slots (concurrency_key, slot) select concurrency_key, generate_series(1, max_running) from known
        on conflict (concurrency_key, slot) do nothing
        """;

    const string MoveDeadlineSql = "update tasks set deadline_at = @DeadlineAt where task_id = @TaskId";

    const string NoDeadlineSql = "delete from task_deadlines where task_id = @TaskId";

    const string DeadlineSql = """
        insert into task_deadlines (task_id, look_at) values (@TaskId, @DeadlineAt) on conflict (task_id) do update set look_at = excluded.look_at
        """;

    const string ParentsSql = "select parent_id from task_dependencies where child_id = @taskId";

    const string CountSql = """
        select count(*) filter (where settled is distinct from 'succeeded')::integer as open, count(*) filter (where settled = 'failed')::integer as failed
        from task_dependencies where child_id = @taskId
        """;

    const string UnblockSql = """
        update task_dependencies set settled = null where parent_id = @taskId and settled = 'failed' returning child_id
        """;

    const string UncountSql = "update task_waiting set failed = failed - 1 where task_id = any(@children)";

    const string WaitingSql = """
        insert into task_waiting (task_id, open, failed, epoch, lane_id, flags) values (@TaskId, @Open, @Failed, @Epoch, @LaneId, @Flags)
        """;

    const string ReopenSql = "update task_attempts set reopened_at = @now where task_id = @taskId and epoch = @Epoch";

    const string GatesSql = $"delete from task_gates where task_id = @taskId returning {GateRow.Columns}";

    /// <param name="deadline">Null: the one it has.</param>
    /// <param name="actor">Who brings it back, as the audit log names them.</param>
    public async Task<TaskMove> RunAsync(Guid taskId, string? reason, NewDeadline? deadline, string actor, string? source, CancellationToken ct)
    {
        var outcome = await move.RunAsync(async (connection, transaction) =>
        {
            var redriven = await RedriveAsync(connection, transaction, taskId, reason, deadline, actor, source, ct);
            return (redriven, redriven is TaskMove.Done);
        }, ct);
        if (outcome is TaskMove.Done) log.Redriven(taskId, actor);
        return outcome;
    }

    async Task<TaskMove> RedriveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, string? reason, NewDeadline? deadline,
        string actor, string? source, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        CommandDefinition Command(string sql, object? parameters = null) => new(sql, parameters ?? new { taskId, now }, transaction, cancellationToken: ct);

        var end = await connection.QuerySingleOrDefaultAsync<End>(Command(EndSql));
        if (await connection.QuerySingleOrDefaultAsync<Filed>(Command(TaskSql)) is not { } task) return new TaskMove.NoSuchTask();
        if (end is null) return new TaskMove.Refused("task_live", "It has not ended.");
        if (end.FinalState == "succeeded") return new TaskMove.Refused("task_succeeded", "It has succeeded; file a new task to do it again.");
        if (deadline?.At <= now) return new TaskMove.Refused("deadline_passed", $"The new deadline must lie in the future, is {deadline.At:O}; it is {now:O}.");
        if (deadline is null && task.DeadlineAt <= now)
            return new TaskMove.Refused("deadline_passed", $"Its deadline {task.DeadlineAt:O} has passed; bring it back with a new one (deadline_at or --deadline), or with none (no_deadline or --no-deadline).");
        if (task.DedupKey is not null && await connection.ExecuteScalarAsync<Guid>(Command(KeySql, task)) is var holder && holder != taskId)
            return new TaskMove.Refused("dedup_key_taken", $"The live task {holder} has its dedup key.");

        if (task.ConcurrencyKey is not null) await connection.ExecuteAsync(Command(SlotsSql, task));
        if (deadline is not null) await connection.ExecuteAsync(Command(MoveDeadlineSql, task = task with { DeadlineAt = deadline.At }));
        await connection.ExecuteAsync(Command(task.DeadlineAt is null ? NoDeadlineSql : DeadlineSql, task));
        var parents = (await connection.QueryAsync<Guid>(Command(ParentsSql))).ToArray();
        await attachParents.RunAsync(connection, transaction, parents, ct); // from here on none of them moves before this is committed
        var counts = await connection.QuerySingleAsync<Counts>(Command(CountSql));
        var row = new TaskRow(taskId, end.Epoch, task.LaneId, 0, 0, await UnblockChildrenAsync(connection, transaction, taskId, ct)
            | (task.DedupKey is null ? 0 : TaskFlags.HasDedupKey) | (task.ConcurrencyKey is null ? 0 : TaskFlags.NeedsSlot));

        await connection.ExecuteAsync(Command(ReopenSql, new { taskId, now, end.Epoch }));
        if (counts.Open > 0)
            await connection.ExecuteAsync(Command(WaitingSql, new { row.TaskId, counts.Open, counts.Failed, row.Epoch, row.LaneId, Flags = (short)row.Flags }));
        else
            await wake.InTransactionAsync(connection, transaction, await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: false, avoidWorker: null, ct), ct);
        var gates = await connection.QueryAsync<GateRow>(Command(GatesSql));
        await record.RunAsync(connection, transaction, taskId, row.Epoch, "redriven", "task.redrive", actor, source, Detail(end, reason, deadline), ct);
        foreach (var gate in gates)
            foreach (var decision in new[] { gate.Decided, gate.Kept }.OfType<GateDecision>())
                await record.NoteAsync(connection, transaction, taskId, gate.Epoch ?? 0, "gate_decision_dropped", actor, gate.Dropped(decision), ct);
        return new TaskMove.Done(counts.Failed > 0 ? "blocked" : counts.Open > 0 ? "waiting_dependency" : "pending");
    }

    /// <returns>Whether others depend on it.</returns>
    static async Task<TaskFlags> UnblockChildrenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, CancellationToken ct)
    {
        var unblocked = (await connection.QueryAsync<Guid>(new CommandDefinition(UnblockSql, new { taskId }, transaction, cancellationToken: ct))).Order().ToArray();
        if (unblocked.Length == 0) return TaskFlags.None;
        await connection.ExecuteAsync(new CommandDefinition(SettleEnded.LockChildrenSql, new { children = unblocked }, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(UncountSql, new { children = unblocked }, transaction, cancellationToken: ct));
        return TaskFlags.HasChildren;
    }

    static JsonObject Detail(End end, string? reason, NewDeadline? deadline)
    {
        var detail = RecordMove.Reason(reason);
        detail["was"] = end.FinalState;
        if (deadline is not null) detail["deadline_at"] = deadline.At is { } at ? $"{at:O}" : "none";
        return detail;
    }

    sealed record End(long Epoch, string FinalState);

    sealed record Filed(Guid TaskId, int LaneId, string? DedupKey, string? ConcurrencyKey, DateTimeOffset? DeadlineAt);

    sealed record Counts(int Open, int Failed);
}

/// <summary>In place of the deadline that a task was filed with.</summary>
/// <param name="At">Null: it has none from now on.</param>
public sealed record NewDeadline(DateTimeOffset? At);
