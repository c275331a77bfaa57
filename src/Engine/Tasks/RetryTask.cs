using System.Diagnostics;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Lets a task that is blocked, or due only later, run now, as if nothing had failed yet.</summary>
public sealed class RetryTask(MoveTasks move, TimeProvider time, TakeTask take, TaskLanes lanes, PutTasks put, WakeWorkers wake, RecordMove record, ILogger<RetryTask> log)
{
    public async Task<TaskMove> RunAsync(Guid taskId, string? reason, string actor, string? source, CancellationToken ct)
    {
        var outcome = await move.RunAsync(async (connection, transaction) => await take.RunAsync(connection, transaction, taskId, ct) switch
        {
            TakenTask.Live { Place: TaskPlace.Parked or TaskPlace.Due } live => (await RetryAsync(connection, transaction, live, reason, actor, source, ct), true),
            TakenTask.Live live => (new TaskMove.Refused("not_retryable", Refusal(live)), false),
            TakenTask.Ended { FinalState: "succeeded" } => (new TaskMove.Refused("task_ended", "It has succeeded."), false),
            TakenTask.Ended ended => (new TaskMove.Refused("task_ended", $"It has ended as {ended.FinalState}; redrive brings it back."), false),
            _ => ((TaskMove)new TaskMove.NoSuchTask(), false),
        }, ct);
        if (outcome is TaskMove.Done) log.Retried(taskId, actor);
        return outcome;
    }

    async Task<TaskMove> RetryAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TakenTask.Live live, string? reason, string actor, string? source, CancellationToken ct)
    {
        var row = live.Row with { Failures = 0, Losses = 0, LaneId = await lanes.SharedAsync(live.Row.LaneId, ct) };
        var woken = await put.ReadyAsync(connection, transaction, [row], time.GetUtcNow(), keepsSlot: false, avoidWorker: null, ct);
        await record.RunAsync(connection, transaction, row.TaskId, row.Epoch, "retried_by_hand", "task.retry", actor, source, RecordMove.Reason(reason), ct);
        await wake.InTransactionAsync(connection, transaction, woken, ct);
        return new TaskMove.Done("pending");
    }

    static string Refusal(TakenTask.Live live) => live.Place switch
    {
        TaskPlace.Ready => "It is pending: the next free worker takes it.",
        TaskPlace.Held => "It is pending: it waits for a slot of its concurrency key.",
        TaskPlace.Leased => $"It is running, with worker {live.WorkerId}.",
        TaskPlace.Waiting => "It waits for the tasks that it depends on; redrive those that did not succeed.",
        TaskPlace.Gated => $"It waits at the gate {live.Gate}: decide there.",
        _ => throw new UnreachableException($"{live.Place}"),
    };
}
