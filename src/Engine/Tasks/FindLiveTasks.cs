using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Which of some tasks have not ended.</summary>
public sealed class FindLiveTasks(NpgsqlDataSource database)
{
    const string Sql = "select task_id from governance_tasks where task_id = any(@tasks) and state not in ('succeeded', 'failed', 'cancelled', 'dead')";

    public async Task<IReadOnlySet<Guid>> RunAsync(IReadOnlyList<Guid> tasks, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Guid>(new CommandDefinition(Sql, new { tasks = tasks.ToArray() }, cancellationToken: ct))).ToHashSet();
    }
}
