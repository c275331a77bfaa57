using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Makes tasks ready whose time has come.</summary>
public sealed class PromoteDue(NpgsqlDataSource database, TimeProvider time, PutTasks put, WakeWorkers wake)
{
    const int Batch = 1000;

    const string Sql = """
        delete from task_due where task_id in (
            select task_id from task_due where due_at <= @now order by due_at limit @Batch for update skip locked
        )
        returning task_id, epoch, lane_id, failures, losses, flags
        """;

    const string NextSql = "select min(due_at) from task_due";

    public async Task<PromotedDue> RunAsync(CancellationToken ct)
    {
        var all = 0;
        await using var connection = await database.OpenConnectionAsync(ct);
        while (true)
        {
            var now = time.GetUtcNow();
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var rows = (await connection.QueryAsync<TaskRow>(new CommandDefinition(Sql, new { now, Batch }, transaction, cancellationToken: ct))).ToArray();
            if (rows.Length > 0)
            {
                await put.ReadyAsync(connection, transaction, rows, now, keepsSlot: false, avoidWorker: null, ct);
                await wake.InTransactionAsync(connection, transaction, rows.Select(r => r.LaneId), ct);
                await transaction.CommitAsync(ct);
            }
            all += rows.Length;
            if (rows.Length < Batch) break;
        }
        return new PromotedDue(all, await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(NextSql, cancellationToken: ct)));
    }
}

/// <param name="NextAt">When the next one is due; null when none waits.</param>
public sealed record PromotedDue(int Count, DateTimeOffset? NextAt);
