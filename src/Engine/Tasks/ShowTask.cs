using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>One task with all that belongs to it.</summary>
public sealed class ShowTask(NpgsqlDataSource database)
{
    const int MostAttempts = 20, MostGates = 50;

    const string Sql = $"""
        {ListTasks.SteadyPlansSql}
        with page as materialized (select @taskId::uuid as task_id){ListedTask.Sql};
        select t.payload::text, a.result::text
        from tasks t left join task_attempts a on a.task_id = t.task_id and a.final_state is not null and a.reopened_at is null
        where t.task_id = @taskId;
        select parent_id as task_id, settled from task_dependencies where child_id = @taskId order by parent_id;
        select gate, epoch, opened_at, decision, decided_by, decided_at, detail::text as detail_json from task_gates
        where task_id = @taskId order by coalesce(opened_at, decided_at) desc limit @MostGates;
        select epoch, worker_id, claimed_at, ended_at, outcome, fault, error from task_attempts where task_id = @taskId order by epoch desc limit @MostAttempts
        """;

    /// <returns>Null when there is no such task.</returns>
    public async Task<ShownTask?> RunAsync(Guid taskId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(Sql,
            new { taskId, state = (string?)null, count = 1, MostAttempts, MostGates }, cancellationToken: ct));
        await grids.ReadAsync<string>();
        if (await grids.ReadSingleOrDefaultAsync<ListedTask>() is not { } task) return null;
        var (payload, result) = await grids.ReadSingleAsync<(string, string?)>();
        return new ShownTask(task, payload, result, [.. await grids.ReadAsync<TaskParent>()], [.. await grids.ReadAsync<TaskGate>()], [.. await grids.ReadAsync<TaskAttempt>()]);
    }
}

/// <param name="ResultJson">Null until it has succeeded, and when it had nothing to say.</param>
/// <param name="Gates">The latest 50.</param>
/// <param name="Attempts">The latest 20, newest first.</param>
public sealed record ShownTask(ListedTask Task, string PayloadJson, string? ResultJson, IReadOnlyList<TaskParent> Parents,
    IReadOnlyList<TaskGate> Gates, IReadOnlyList<TaskAttempt> Attempts);

/// <param name="Settled">succeeded or failed; null while it is open.</param>
public sealed record TaskParent(Guid TaskId, string? Settled);

/// <param name="Epoch">Of the attempt that asked; null when it was decided before the task asked.</param>
/// <param name="Decision">approved, rejected, expired or signalled; null while it is open.</param>
public sealed record TaskGate(string Gate, long? Epoch, DateTimeOffset? OpenedAt, string? Decision, string? DecidedBy, DateTimeOffset? DecidedAt, string? DetailJson);

/// <param name="WorkerId">Null, like <paramref name="ClaimedAt"/>, when it was ended without a claim.</param>
/// <param name="Fault">transient, worker_lost, task_fault or persistent; null when nothing failed.</param>
public sealed record TaskAttempt(long Epoch, long? WorkerId, DateTimeOffset? ClaimedAt, DateTimeOffset EndedAt, string Outcome, string? Fault, string? Error);
