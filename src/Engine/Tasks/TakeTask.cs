using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Takes one live task out of whatever table its row is in, so that the caller can put it elsewhere in the same transaction.
/// A task that somebody moves at the same moment is found where it went.
/// </summary>
public sealed class TakeTask
{
    const int Passes = 20;

    const string Sql = """
        with ready as (delete from task_ready where task_id = @taskId returning *),
             leased as (delete from task_leases where task_id = @taskId returning *),
             due as (delete from task_due where task_id = @taskId returning *),
             held as (delete from task_held where task_id = @taskId returning *),
             waiting as (delete from task_waiting where task_id = @taskId returning *),
             gated as (delete from task_gated where task_id = @taskId returning *),
             parked as (delete from task_parked where task_id = @taskId returning *)
        select task_id, epoch, lane_id, failures, losses, flags, 0 as place, null::bigint as worker_id, null::timestamptz as claimed_at, null::text as gate,
            null::timestamptz as due_at from ready
        union all select task_id, epoch, lane_id, failures, losses, flags, 1, worker_id, claimed_at, null, null from leased
        union all select task_id, epoch, lane_id, failures, losses, flags, 2, null, null, null, due_at from due
        union all select task_id, epoch, lane_id, failures, losses, flags, 3, null, null, null, null from held
        union all select task_id, epoch, lane_id, failures, losses, flags, 4, null, null, null, due_at from waiting
        union all select task_id, epoch, lane_id, failures, losses, flags, 5, null, null, gate, expires_at from gated
        union all select task_id, epoch, lane_id, failures, losses, flags, 6, null, null, null, null from parked
        """;

    const string EndSql = """
        select t.task_id, a.epoch, a.lane_id, a.final_state, a.ended_at
        from tasks t left join task_attempts a on a.task_id = t.task_id and a.final_state is not null and a.reopened_at is null
        where t.task_id = @taskId
        """;

    /// <returns>The row with where it was; or that it has ended, or was never there.</returns>
    public async Task<TakenTask> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, CancellationToken ct)
    {
        for (var pass = 0; ; pass++)
        {
            var taken = await connection.QuerySingleOrDefaultAsync<Taken>(new CommandDefinition(Sql, new { taskId }, transaction, cancellationToken: ct));
            if (taken is not null) return new TakenTask.Live(taken.Place, taken.Row, taken.WorkerId, taken.ClaimedAt, taken.Gate, taken.DueAt);
            var end = await connection.QuerySingleOrDefaultAsync<End>(new CommandDefinition(EndSql, new { taskId }, transaction, cancellationToken: ct));
            if (end is null) return new TakenTask.NoSuchTask();
            if (end.FinalState is not null) return new TakenTask.Ended(end.FinalState, end.Epoch!.Value, end.LaneId!.Value, end.EndedAt!.Value);
            if (pass == Passes) throw new TimeoutException($"Task {taskId} moved {Passes} times while it was being taken.");
        }
    }

    sealed record Taken(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, TaskPlace Place,
        long? WorkerId, DateTimeOffset? ClaimedAt, string? Gate, DateTimeOffset? DueAt)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }

    sealed record End(Guid TaskId, long? Epoch, int? LaneId, string? FinalState, DateTimeOffset? EndedAt);
}

/// <summary>What was found of a task.</summary>
public abstract record TakenTask
{
    TakenTask() { } // closed: the kinds below are all there are

    /// <param name="WorkerId">Who held it; null unless it was leased.</param>
    /// <param name="Gate">The gate it waited at; null unless it was gated.</param>
    /// <param name="DueAt">When it was due or its gate expires; null where neither is.</param>
    public sealed record Live(TaskPlace Place, TaskRow Row, long? WorkerId, DateTimeOffset? ClaimedAt, string? Gate, DateTimeOffset? DueAt) : TakenTask;

    /// <param name="FinalState">succeeded, failed, cancelled or dead.</param>
    public sealed record Ended(string FinalState, long Epoch, int LaneId, DateTimeOffset EndedAt) : TakenTask;

    public sealed record NoSuchTask : TakenTask;
}
