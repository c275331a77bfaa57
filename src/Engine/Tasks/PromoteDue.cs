using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Makes tasks claimable whose time has come: filed for later, to be retried, or snoozed. Any node may do this at any time.</summary>
public sealed class PromoteDue(MoveTasks move, NpgsqlDataSource database, TimeProvider time, PutTasks put, WakeWorkers wake)
{
    const string TakeSql = """
        delete from task_due where task_id in (
            select task_id from task_due where due_at <= @now order by due_at limit @BatchRows for update skip locked)
        returning task_id, epoch, lane_id, failures, losses, flags
        """;

    const string NextSql = "select min(due_at) from task_due";

    /// <summary>Tasks that one transaction moves at most.</summary>
    public int BatchRows { get; init; } = 1000;

    public async Task<MovedTasks> RunAsync(CancellationToken ct)
    {
        var lanes = new HashSet<int>();
        int batch, all = 0;
        do
        {
            batch = await move.RunAsync(async (connection, transaction) => (await PromoteAsync(connection, transaction, lanes, ct), true), ct);
            all += batch;
        }
        while (batch == BatchRows);
        await using var connection = await database.OpenConnectionAsync(ct);
        return new MovedTasks(all, [.. lanes], await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(NextSql, cancellationToken: ct)));
    }

    async Task<int> PromoteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, HashSet<int> lanes, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var rows = (await connection.QueryAsync<TaskRow>(new CommandDefinition(TakeSql, new { now, BatchRows }, transaction, cancellationToken: ct))).ToArray();
        if (rows.Length == 0) return 0;
        var woken = await put.ReadyAsync(connection, transaction, [.. rows.OrderBy(r => r.TaskId)], now, keepsSlot: false, avoidWorker: null, ct);
        await wake.InTransactionAsync(connection, transaction, woken, ct);
        lanes.UnionWith(woken);
        return rows.Length;
    }
}
