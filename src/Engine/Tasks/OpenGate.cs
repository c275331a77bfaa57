using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Lets a task wait at a gate, in the transaction that ends its attempt. Each opening is a new question: what was decided at an
/// earlier one is kept in the timeline and does not count. Only a decision that came before the gate was ever open answers at once.
/// </summary>
public sealed class OpenGate(PutTasks put, RecordMove record)
{
    /// <summary>The gate of a task whose handler or payload is at fault: approved, it runs again; rejected, it is given up.</summary>
    public const string TaskFault = "task_fault";

    const string OldSql = $"select {GateRow.Columns} from task_gates where task_id = @TaskId and gate = @gate for update";

    const string OpenSql = """
        insert into task_gates as g (task_id, gate, epoch, opened_at) values (@TaskId, @gate, @Epoch, @now)
        on conflict (task_id, gate) do update set epoch = excluded.epoch, opened_at = excluded.opened_at,
            decision = case when g.epoch is null and g.decision = any(@fitting) then g.decision end,
            decided_by = case when g.epoch is null and g.decision = any(@fitting) then g.decided_by end,
            decided_at = case when g.epoch is null and g.decision = any(@fitting) then g.decided_at end,
            detail = case when g.epoch is null and g.decision = any(@fitting) then g.detail end
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
        var decision = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(OpenSql, new { row.TaskId, gate, row.Epoch, now, fitting }, transaction, cancellationToken: ct));
        if (old?.Decision is not null && decision is null)
            await record.NoteAsync(connection, transaction, row.TaskId, old.Epoch ?? row.Epoch, "gate_decision_dropped", "engine", old.Dropped(), ct);
        if (decision is not null) return await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: false, avoidWorker: null, ct);
        await put.GatedAsync(connection, transaction, row, gate, forApproval ? "approval" : "signal", now, expiresAt, ct);
        return [];
    }
}
