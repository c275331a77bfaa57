using Npgsql;

namespace Engine.Tasks;

/// <summary>Ends a live task as cancelled, a running one too: its worker is told, and whatever that still writes is refused.</summary>
public sealed class CancelTask(MoveTasks move, TimeProvider time, TakeTask take, EndTasks end, TellHolder tell, RecordMove record, ILogger<CancelTask> log)
{
    /// <param name="reason">For people who ask later; null: none was given.</param>
    /// <param name="actor">Who cancels it, as the audit log names them.</param>
    public async Task<TaskMove> RunAsync(Guid taskId, string? reason, string actor, string? source, CancellationToken ct)
    {
        var outcome = await move.RunAsync(async (connection, transaction) => await take.RunAsync(connection, transaction, taskId, ct) switch
        {
            TakenTask.Live live => (await EndAsync(connection, transaction, live, reason, actor, source, ct), true),
            TakenTask.Ended ended => (new TaskMove.AlreadyEnded(ended.FinalState, ended.EndedAt), false),
            _ => ((TaskMove)new TaskMove.NoSuchTask(), false),
        }, ct);
        if (outcome is TaskMove.Done) log.Cancelled(taskId, actor);
        return outcome;
    }

    async Task<TaskMove> EndAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TakenTask.Live live, string? reason, string actor, string? source, CancellationToken ct)
    {
        await end.RunAsync(connection, transaction, [live], "cancelled", _ => RecordMove.Shown(reason), time.GetUtcNow(), ct);
        await record.RunAsync(connection, transaction, live.Row.TaskId, EndTasks.EpochOf(live), "cancelled", "task.cancel", actor, source, RecordMove.Reason(reason), ct);
        if (live.Place == TaskPlace.Leased) await tell.RunAsync(connection, transaction, live.Row.TaskId, ct);
        return new TaskMove.Done("cancelled");
    }
}
