using System.Text.Json.Nodes;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Takes a running task from its worker for another one to run, uncharged: the old one is told, and its writes are refused from here on.</summary>
public sealed class ReassignTask(MoveTasks move, TimeProvider time, TakeTask take, RecordAttempts attempts, PutTasks put, WakeWorkers wake, TellHolder tell,
    RecordMove record, ILogger<ReassignTask> log)
{
    public async Task<TaskMove> RunAsync(Guid taskId, string? reason, string actor, string? source, CancellationToken ct)
    {
        var outcome = await move.RunAsync(async (connection, transaction) => await take.RunAsync(connection, transaction, taskId, ct) switch
        {
            TakenTask.Live { Place: TaskPlace.Leased } live => (await ReassignAsync(connection, transaction, live, reason, actor, source, ct), true),
            TakenTask.Live live => (new TaskMove.Refused("task_not_running", $"Only a running task can be taken from its worker; this one is {StateOf(live.Place)}."), false),
            TakenTask.Ended ended => (new TaskMove.AlreadyEnded(ended.FinalState, ended.EndedAt), false),
            _ => ((TaskMove)new TaskMove.NoSuchTask(), false),
        }, ct);
        if (outcome is TaskMove.Done) log.Reassigned(taskId, actor);
        return outcome;
    }

    async Task<TaskMove> ReassignAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TakenTask.Live live, string? reason, string actor, string? source, CancellationToken ct)
    {
        var (row, now) = (live.Row, time.GetUtcNow());
        await attempts.RunAsync(connection, transaction,
            [new EndedAttempt(row.TaskId, row.Epoch, live.WorkerId, live.ClaimedAt, now, row.LaneId, "reassigned", Error: RecordMove.Shown(reason))], ct);
        // It keeps the slot of its concurrency key: nobody may slip in between.
        var woken = await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: true, avoidWorker: live.WorkerId, ct);
        var detail = RecordMove.Reason(reason);
        detail["worker_id"] = JsonValue.Create(live.WorkerId);
        await record.RunAsync(connection, transaction, row.TaskId, row.Epoch, "reassigned_by_hand", "task.reassign", actor, source, detail, ct);
        await wake.InTransactionAsync(connection, transaction, woken, ct);
        await tell.RunAsync(connection, transaction, row.TaskId, ct);
        return new TaskMove.Done("pending");
    }

    static string StateOf(TaskPlace place) => place switch
    {
        TaskPlace.Due => "scheduled",
        TaskPlace.Waiting => "waiting for the tasks it depends on",
        TaskPlace.Gated => "waiting at a gate",
        TaskPlace.Parked => "blocked",
        _ => "pending",
    };
}
