using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>Who runs what, newest task first.</summary>
public sealed class ListAssignments(NpgsqlDataSource database)
{
    const string Sql = """
        select l.task_id, n.kind, n.priority, l.worker_id, w.host, l.epoch, l.claimed_at
        from (
            select task_id, worker_id, epoch, claimed_at, lane_id from task_leases
            where (@workerId::bigint is null or worker_id = @workerId) and (@before::uuid is null or task_id < @before)
            order by task_id desc limit @count
        ) l
        join task_lanes n on n.lane_id = l.lane_id
        left join workers w on w.worker_id = l.worker_id
        order by l.task_id desc
        """;

    /// <param name="workerId">Only what it runs; null: all.</param>
    /// <param name="before">The last task seen; null at the start.</param>
    public async Task<IReadOnlyList<Assignment>> RunAsync(long? workerId, Guid? before, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<Assignment>(new CommandDefinition(Sql, new { workerId, before, count }, cancellationToken: ct))];
    }
}

/// <param name="Host">Null when the worker's row is gone already.</param>
public sealed record Assignment(Guid TaskId, string Kind, short Priority, long WorkerId, string? Host, long Epoch, DateTimeOffset ClaimedAt);
