using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Writes how claims ended, in the transaction that ended them. The key (task, epoch) lets each claim end once.</summary>
public sealed class RecordAttempts
{
    const string Sql = """
        insert into task_attempts (task_id, epoch, worker_id, claimed_at, ended_at, lane_id, outcome, final_state, fault, error, result)
        select task_id, epoch, worker_id, claimed_at, greatest(ended_at, claimed_at), lane_id, outcome, final_state, fault, error, result
        from unnest(@taskIds, @epochs, @workerIds, @claimedAts, @endedAts, @laneIds, @outcomes, @finalStates, @faults, @errors, @results::jsonb[])
            r(task_id, epoch, worker_id, claimed_at, ended_at, lane_id, outcome, final_state, fault, error, result)
        """;

    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<EndedAttempt> attempts, CancellationToken ct)
    {
        if (attempts.Count == 0) return;
        await connection.ExecuteAsync(new CommandDefinition(Sql, new
        {
            taskIds = attempts.Select(a => a.TaskId).ToArray(),
            epochs = attempts.Select(a => a.Epoch).ToArray(),
            workerIds = attempts.Select(a => a.WorkerId).ToArray(),
            claimedAts = attempts.Select(a => a.ClaimedAt).ToArray(),
            endedAts = attempts.Select(a => a.EndedAt.UtcDateTime).ToArray(),
            laneIds = attempts.Select(a => a.LaneId).ToArray(),
            outcomes = attempts.Select(a => a.Outcome).ToArray(),
            finalStates = attempts.Select(a => a.FinalState).ToArray(),
            faults = attempts.Select(a => a.Fault).ToArray(),
            errors = attempts.Select(a => EndedAttempt.Shown(a.Error)).ToArray(),
            results = attempts.Select(a => a.Result).ToArray(),
        }, transaction, cancellationToken: ct));
    }
}

/// <param name="Epoch">Of the claim that ended; of a task that nobody held, one more than its last.</param>
/// <param name="WorkerId">Null, like <paramref name="ClaimedAt"/>, when nobody held it.</param>
/// <param name="Outcome">As the column says.</param>
/// <param name="FinalState">Null while the task lives on.</param>
/// <param name="Fault">transient, worker_lost, task_fault or persistent; null when nothing failed.</param>
/// <param name="Result">JSON text.</param>
public sealed record EndedAttempt(Guid TaskId, long Epoch, long? WorkerId, DateTimeOffset? ClaimedAt, DateTimeOffset EndedAt, int LaneId,
    string Outcome, string? FinalState = null, string? Fault = null, string? Error = null, string? Result = null)
{
    const int MaxErrorLength = 4000;

    /// <summary>What the column can hold of an error's text.</summary>
    public static string? Shown(string? error)
    {
        if (error is null) return null;
        return RecordMove.Storable(error.Length <= MaxErrorLength ? error : error[..(MaxErrorLength - 1)] + "…");
    }
}
