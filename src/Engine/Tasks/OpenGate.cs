using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Lets a task wait at a gate, in the transaction that ends its attempt. Each opening is a new question: what was decided at an
/// earlier one is kept in the timeline and does not count. Only what came before the opening answers at once: a decision before
/// the gate was ever open, a further signal since the last opening was answered.
/// </summary>
public sealed class OpenGate(PutTasks put, RecordMove record)
{
    /// <summary>The gate of a task whose handler or payload is at fault: approved, it runs again; rejected, it is given up.</summary>
    public const string TaskFault = "task_fault";

    const string OldSql = $"select {GateRow.Columns} from task_gates where task_id = @TaskId and gate = @gate for update";

    // What was kept decides now: the time at which it came is in the timeline, and who follows that has passed it.
    const string OpenSql = """
        insert into task_gates as g (task_id, gate, epoch, opened_at) values (@TaskId, @gate, @Epoch, @now)
        on conflict (task_id, gate) do update set epoch = excluded.epoch, opened_at = excluded.opened_at,
            decision = case when g.epoch is null and g.decision = any(@fitting) then g.decision when g.kept_by is not null and not @forApproval then 'signalled' end,
            decided_by = case when g.epoch is null and g.decision = any(@fitting) then g.decided_by when not @forApproval then g.kept_by end,
            decided_at = case when g.epoch is null and g.decision = any(@fitting) then g.decided_at when g.kept_by is not null and not @forApproval then @now end,
            detail = case when g.epoch is null and g.decision = any(@fitting) then g.detail when not @forApproval then g.kept_detail end,
            kept_by = null, kept_at = null, kept_detail = null
        returning decision
        """;

    /// <param name="row">Taken from its holder, with the epoch of the attempt that asks. The slot of its concurrency key is the caller's to release.</param>
    /// <param name="forApproval">Takes approved or rejected, else signalled.</param>
    /// <param name="expiresAt">When the decision becomes <c>expired</c> by itself; null: never.</param>
    /// <returns>The lanes that have something to claim now: its own, when it had been decided early.</returns>
    public async Task<IReadOnlyList<int>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TaskRow row, string gate, bool forApproval,
        DateTimeOffset? expiresAt, DateTimeOffset now, CancellationToken ct)
    {
        string[] fitting = forApproval ? ["approved", "rejected"] : ["signalled"];
        var old = await connection.QuerySingleOrDefaultAsync<GateRow>(new CommandDefinition(OldSql, new { row.TaskId, gate }, transaction, cancellationToken: ct));
        var decision = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(OpenSql, new { row.TaskId, gate, row.Epoch, now, fitting, forApproval }, transaction, cancellationToken: ct));
        if (old?.Decided is { } answered && (old.Epoch is not null || decision is null)) await DropAsync(answered);
        if (old?.Kept is { } kept && forApproval) await DropAsync(kept);
        if (decision is not null) return await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: false, avoidWorker: null, ct);
        await put.GatedAsync(connection, transaction, row, gate, forApproval ? "approval" : "signal", now, expiresAt, ct);
        return [];

        Task DropAsync(GateDecision dropped) =>
            record.NoteAsync(connection, transaction, row.TaskId, old!.Epoch ?? row.Epoch, "gate_decision_dropped", "engine", old.Dropped(dropped), ct);
    }
}
