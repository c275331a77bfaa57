using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Takes the slots of tasks that no longer run and hands them to the next of the same concurrency key.</summary>
public sealed class ReleaseSlots(PromoteHeld promoteHeld)
{
    const string Sql = "update task_slots set task_id = null where task_id = any(@taskIds) returning concurrency_key";

    const string SurplusSql = """
        delete from task_slots s using task_concurrency c
        where s.concurrency_key = any(@keys) and s.task_id is null and c.concurrency_key = s.concurrency_key and s.slot > c.max_running
        """;

    /// <returns>The lanes that have something to claim now, for <see cref="WakeWorkers"/>.</returns>
    public async Task<IReadOnlyList<int>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TaskRow> rows, DateTimeOffset now, CancellationToken ct)
    {
        var taskIds = rows.Where(r => r.Flags.HasFlag(TaskFlags.NeedsSlot)).Select(r => r.TaskId).Order().ToArray();
        if (taskIds.Length == 0) return [];
        var freed = await connection.QueryAsync<string>(new CommandDefinition(Sql, new { taskIds }, transaction, cancellationToken: ct));
        string[] keys = [.. freed.Distinct().Order(StringComparer.Ordinal)];
        if (keys.Length == 0) return [];
        await connection.ExecuteAsync(new CommandDefinition(SurplusSql, new { keys }, transaction, cancellationToken: ct));
        return await promoteHeld.RunAsync(connection, transaction, keys, now, ct);
    }
}
