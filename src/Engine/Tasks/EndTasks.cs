using Npgsql;

namespace Engine.Tasks;

/// <summary>Ends tasks for good, wherever they were taken from, in the transaction that took them: their last attempt, and what their end does to others.</summary>
public sealed class EndTasks(RecordAttempts record, SettleEnded settle, WakeWorkers wake)
{
    /// <param name="outcome">cancelled or dead; also the state they end in.</param>
    /// <param name="reasonOf">Why, for people who ask later.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TakenTask.Live> taken, string outcome,
        Func<TakenTask.Live, string?> reasonOf, DateTimeOffset now, CancellationToken ct)
    {
        if (taken.Count == 0) return;
        var sorted = taken.OrderBy(t => t.Row.TaskId).ToArray();
        await record.RunAsync(connection, transaction, [.. sorted.Select(t => new EndedAttempt(t.Row.TaskId, EpochOf(t), t.WorkerId, t.ClaimedAt, now,
            t.Row.LaneId, outcome, FinalState: outcome, Error: reasonOf(t)))], ct);
        var lanes = await settle.RunAsync(connection, transaction, [.. sorted.Select(t => (t.Row, false))], now, ct);
        await wake.InTransactionAsync(connection, transaction, lanes, ct);
    }

    /// <summary>The epoch that the end of a task is written under: the holder's, or one that nobody ever held.</summary>
    public static long EpochOf(TakenTask.Live taken) => taken.Place == TaskPlace.Leased ? taken.Row.Epoch : taken.Row.Epoch + 1;
}
