using Dapper;
using Npgsql;

namespace Routing.Calls;

/// <summary>What a task has spent so far, wherever its attempts ran; calls under way count with the most that they can cost.</summary>
public sealed class SumTaskCost(NpgsqlDataSource database)
{
    const string Sql = "select coalesce(sum(case when outcome = 'open' then hold_usd else cost_usd end), 0) from model_selections where task_id = @taskId";

    public async Task<NanoUsd> RunAsync(Guid taskId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return NanoUsd.Ceiling(await connection.ExecuteScalarAsync<decimal>(new CommandDefinition(Sql, new { taskId }, cancellationToken: ct)));
    }
}
