using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Gives up tasks that nobody runs when their deadline passes. One that runs then has its worker's attention; it is looked at again.</summary>
public sealed class PassDeadlines(MoveTasks move, TimeProvider time, EndTasks end, ILogger<PassDeadlines> log)
{
    const string OverdueSql = """
        select d.task_id, t.deadline_at from (
            select task_id from task_deadlines where look_at <= @now order by look_at limit @BatchRows for update skip locked
        ) d left join tasks t on t.task_id = d.task_id
        """;

    // What somebody moves at this moment is passed over, so that nobody waits for another crosswise.
    const string TakeSql = """
        with ready as (delete from task_ready where task_id in (select task_id from task_ready where task_id = any(@taskIds) for update skip locked) returning *),
             due as (delete from task_due where task_id in (select task_id from task_due where task_id = any(@taskIds) for update skip locked) returning *),
             held as (delete from task_held where task_id in (select task_id from task_held where task_id = any(@taskIds) for update skip locked) returning *),
             waiting as (delete from task_waiting where task_id in (select task_id from task_waiting where task_id = any(@taskIds) for update skip locked) returning *),
             gated as (delete from task_gated where task_id in (select task_id from task_gated where task_id = any(@taskIds) for update skip locked) returning *),
             parked as (delete from task_parked where task_id in (select task_id from task_parked where task_id = any(@taskIds) for update skip locked) returning *)
        select task_id, epoch, lane_id, failures, losses, flags, 0 as place from ready
        union all select task_id, epoch, lane_id, failures, losses, flags, 2 from due
        union all select task_id, epoch, lane_id, failures, losses, flags, 3 from held
        union all select task_id, epoch, lane_id, failures, losses, flags, 4 from waiting
        union all select task_id, epoch, lane_id, failures, losses, flags, 5 from gated
        union all select task_id, epoch, lane_id, failures, losses, flags, 6 from parked
        """;

    const string ForgetSql = """
        delete from task_deadlines d where d.task_id = any(@taskIds) and (
            exists (select from task_attempts a where a.task_id = d.task_id and a.final_state is not null and a.reopened_at is null)
            or not exists (select from tasks t where t.task_id = d.task_id))
        """;

    const string LookAgainSql = "update task_deadlines set look_at = @again where task_id = any(@taskIds)";

    const string NextSql = "select min(look_at) from task_deadlines";

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Tasks that one pass looks at.</summary>
    public int BatchRows { get; init; } = 1000;

    public async Task<MovedTasks> RunAsync(CancellationToken ct)
    {
        var passed = await move.RunAsync(async (connection, transaction) => (await PassAsync(connection, transaction, ct), true), ct);
        if (passed.Count > 0) log.DeadlinesPassed(passed.Count);
        return passed;
    }

    async Task<MovedTasks> PassAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var overdue = (await connection.QueryAsync<(Guid TaskId, DateTimeOffset? DeadlineAt)>(new CommandDefinition(OverdueSql, new { now, BatchRows }, transaction, cancellationToken: ct)))
            .ToDictionary(o => o.TaskId, o => o.DeadlineAt);
        TakenTask.Live[] taken = [];
        if (overdue.Count > 0)
        {
            var taskIds = overdue.Keys.Order().ToArray();
            taken = [.. (await connection.QueryAsync<Taken>(new CommandDefinition(TakeSql, new { taskIds }, transaction, cancellationToken: ct))).Select(t => t.Task)];
            await end.RunAsync(connection, transaction, taken, "dead", t => $"its deadline {overdue[t.Row.TaskId]:O} passed while it was {Doing(t.Place)}", now, ct);
            await connection.ExecuteAsync(new CommandDefinition(ForgetSql, new { taskIds }, transaction, cancellationToken: ct));
            await connection.ExecuteAsync(new CommandDefinition(LookAgainSql, new { taskIds, again = now + Pause }, transaction, cancellationToken: ct));
        }
        var next = await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(NextSql, transaction: transaction, cancellationToken: ct));
        return new MovedTasks(taken.Length, [], next);
    }

    static string Doing(TaskPlace place) => place switch
    {
        TaskPlace.Ready => "waiting for a worker",
        TaskPlace.Due => "scheduled",
        TaskPlace.Held => "waiting for a slot of its concurrency key",
        TaskPlace.Waiting => "waiting for the tasks it depends on",
        TaskPlace.Gated => "waiting at a gate",
        _ => "blocked",
    };

    sealed record Taken(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, TaskPlace Place)
    {
        public TakenTask.Live Task => new(Place, new TaskRow(TaskId, Epoch, LaneId, Failures, Losses, Flags), null, null, null, null);
    }
}
