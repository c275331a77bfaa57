using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Lets a task wait at a gate, in the transaction that ends its attempt. A decision that came before the gate was opened for the
/// first time counts at once; one of an earlier opening does not.
/// </summary>
public sealed class OpenGate(PutTasks put)
{
    /// <summary>The gate of a task whose handler or payload is at fault: a person says whether it is tried again.</summary>
    public const string TaskFault = "task_fault";

    const string Sql = """
        insert into task_gates (task_id, gate, epoch, opened_at) values (@TaskId, @gate, @Epoch, @now)
        on conflict (task_id, gate) do update set epoch = excluded.epoch, opened_at = excluded.opened_at,
            decision = case when task_gates.epoch is null then task_gates.decision end,
            decided_by = case when task_gates.epoch is null then task_gates.decided_by end,
            decided_at = case when task_gates.epoch is null then task_gates.decided_at end,
            detail = case when task_gates.epoch is null then task_gates.detail end
        returning decision
        """;

    /// <param name="row">With the epoch of the attempt that asks.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TaskRow row, string gate, bool forApproval, DateTimeOffset? expiresAt, DateTimeOffset now, CancellationToken ct)
    {
        var decision = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(Sql, new { row.TaskId, gate, row.Epoch, now }, transaction, cancellationToken: ct));
        if (decision is null) await put.GatedAsync(connection, transaction, row, gate, forApproval ? "approval" : "signal", now, expiresAt, ct);
        else await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: false, avoidWorker: null, ct);
    }
}
