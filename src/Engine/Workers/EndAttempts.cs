using System.Diagnostics;
using Dapper;
using Engine.Audit;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// Ends attempts that the fast path does not: all but plain successes. Fenced by (task, epoch); what another attempt or a
/// person has taken over meanwhile is refused, told and audited, and changes nothing.
/// </summary>
public sealed class EndAttempts(TimeProvider time, TaskKinds kinds, RecordAttempts record, PutTasks put,
    SettleEnded settle, ReleaseSlots releaseSlots, OpenGate openGate, FileInvestigation investigate, RecordAudit audit, WakeWorkers wake)
{
    const string TakeSql = """
        delete from task_leases l using unnest(@taskIds, @epochs) f(task_id, epoch)
        where l.task_id = f.task_id and l.epoch = f.epoch
        returning l.task_id, l.epoch, l.lane_id, l.failures, l.losses, l.flags
        """;

    // A finish whose answer was lost is repeated: it finds itself here.
    const string AlreadySql = """
        select a.task_id from task_attempts a join unnest(@taskIds, @epochs) f(task_id, epoch) on a.task_id = f.task_id and a.epoch = f.epoch
        where a.worker_id = @workerId and a.outcome not in ('lost', 'cancelled', 'reassigned') and a.fault is distinct from 'worker_lost'
        """;

    /// <param name="finished">Of one worker, at most a few hundred.</param>
    /// <param name="connection">The worker's own; a transaction of its own is made on it.</param>
    /// <returns>Those whose task belongs to somebody else by now; not what was to be given back anyway.</returns>
    public async Task<IReadOnlyList<ClaimedTask>> RunAsync(NpgsqlConnection connection, IReadOnlyList<FinishedAttempt> finished, CancellationToken ct)
    {
        if (finished.Count == 0) return [];
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var keys = new
        {
            taskIds = finished.Select(f => f.Task.Row.TaskId).ToArray(), epochs = finished.Select(f => f.Task.Row.Epoch).ToArray(),
            workerId = finished[0].Task.Lease.WorkerId,
        };
        var taken = (await connection.QueryAsync<TaskRow>(new CommandDefinition(TakeSql, keys, transaction, cancellationToken: ct))).ToDictionary(r => r.TaskId);
        var already = taken.Count == finished.Count ? [] : (await connection.QueryAsync<Guid>(new CommandDefinition(AlreadySql, keys, transaction, cancellationToken: ct))).ToHashSet();

        var now = time.GetUtcNow();
        var ending = new Ending(connection, transaction, now);
        foreach (var attempt in finished)
            if (taken.TryGetValue(attempt.Task.Row.TaskId, out var row)) await DecideAsync(ending, attempt, row, ct);
        await record.RunAsync(connection, transaction, ending.Attempts, ct);
        ending.Woken.AddRange(await settle.RunAsync(connection, transaction, ending.Ended, now, ct));
        ending.Woken.AddRange(await releaseSlots.RunAsync(connection, transaction, ending.Paused, now, ct));
        ending.Woken.AddRange(await put.ReadyAsync(connection, transaction, ending.Again, now, keepsSlot: true, avoidWorker: null, ct));

        var refused = finished.Where(f => f.Result is not TaskResult.Returned && !taken.ContainsKey(f.Task.Row.TaskId) && !already.Contains(f.Task.Row.TaskId)).Select(f => f.Task).ToArray();
        foreach (var task in refused)
            await audit.RunAsync(connection, transaction, new AuditEntry($"worker:{task.Lease.WorkerId}", "task.finish_refused", $"task:{task.Row.TaskId}",
                new System.Text.Json.Nodes.JsonObject { ["epoch"] = task.Row.Epoch }, null), ct);
        await wake.InTransactionAsync(connection, transaction, ending.Woken, ct);
        await transaction.CommitAsync(ct);
        return refused;
    }

    async Task DecideAsync(Ending ending, FinishedAttempt attempt, TaskRow row, CancellationToken ct)
    {
        switch (attempt.Result)
        {
            case TaskResult.Succeeded done:
                ending.End(attempt, row, "succeeded", null, null, done.Json);
                break;
            case TaskResult.Refused refused:
                ending.End(attempt, row, "failed", "persistent", refused.Reason, null);
                break;
            case TaskResult.Snoozed snoozed:
                ending.Pause(attempt, row, "snoozed", null, null);
                await put.DueAsync(ending.Connection, ending.Transaction, row, ending.Now + snoozed.For, "snoozed", ct);
                break;
            case TaskResult.Gated gated:
                ending.Pause(attempt, row, "gated", null, null);
                ending.Woken.AddRange(await openGate.RunAsync(ending.Connection, ending.Transaction, row, gated.Gate, gated.ForApproval, ending.Now + gated.Expires, ending.Now, ct));
                break;
            case TaskResult.Failed failed:
                await FailAsync(ending, attempt, row, failed, ct);
                break;
            case TaskResult.Returned:
                ending.GiveBack(attempt, row);
                break;
        }
    }

    async Task FailAsync(Ending ending, FinishedAttempt attempt, TaskRow row, TaskResult.Failed failed, CancellationToken ct)
    {
        var charged = row with { Failures = (short)Math.Min(row.Failures + 1, short.MaxValue) };
        var kind = kinds.Find(attempt.Task.Kind)!;
        var next = attempt.Task.DeadlineAt <= ending.Now
            ? new AfterFailure.Quarantine($"its deadline {attempt.Task.DeadlineAt:O} has passed; at last: {failed.Reason}")
            : AfterFailure.Decide(failed.Fault, failed.Reason, charged.Failures, kind.MaxFailures, ending.Now, Jitter(charged));
        var fault = Name(failed.Fault);
        switch (next)
        {
            case AfterFailure.RetryAt retry:
                ending.Pause(attempt, charged, "retried", fault, failed.Reason);
                await put.DueAsync(ending.Connection, ending.Transaction, charged, retry.At, "retry", ct);
                break;
            case AfterFailure.Block block:
                ending.Pause(attempt, charged, "blocked", fault, failed.Reason);
                await put.ParkedAsync(ending.Connection, ending.Transaction, charged, block.Reason, ending.Now, ct);
                break;
            case AfterFailure.Ask ask:
                ending.Pause(attempt, charged, "gated", fault, ask.Reason);
                ending.Woken.AddRange(await openGate.RunAsync(ending.Connection, ending.Transaction, charged, OpenGate.TaskFault, true, null, ending.Now, ct));
                await investigate.RunAsync(ending.Connection, ending.Transaction, attempt.Task, ask.Reason, ct);
                break;
            case AfterFailure.Quarantine quarantine:
                ending.End(attempt, charged, "dead", fault, quarantine.Reason, null);
                break;
            default: throw new UnreachableException($"{next}");
        }
    }

    /// <summary>Differs between tasks and between failures of one, from 0 to 1.</summary>
    static double Jitter(TaskRow row) => (uint)HashCode.Combine(row.TaskId, row.Failures) / (double)uint.MaxValue;

    internal static string Name(TaskFault fault) => fault switch
    {
        TaskFault.Transient => "transient", TaskFault.WorkerLost => "worker_lost", TaskFault.TaskFault => "task_fault", _ => "persistent",
    };

    /// <summary>What one transaction does, gathered, so that it is written in few statements.</summary>
    sealed record Ending(NpgsqlConnection Connection, NpgsqlTransaction Transaction, DateTimeOffset Now)
    {
        public List<EndedAttempt> Attempts { get; } = [];
        public List<(TaskRow Row, bool Succeeded)> Ended { get; } = [];

        /// <summary>Live on without their slot.</summary>
        public List<TaskRow> Paused { get; } = [];

        /// <summary>To be claimed again at once, with their slot.</summary>
        public List<TaskRow> Again { get; } = [];

        /// <summary>The lanes that have something to claim when it is committed.</summary>
        public List<int> Woken { get; } = [];

        public void End(FinishedAttempt attempt, TaskRow row, string finalState, string? fault, string? error, string? result)
        {
            Note(attempt, row, finalState, finalState, fault, error, result);
            Ended.Add((row, finalState == "succeeded"));
        }

        public void Pause(FinishedAttempt attempt, TaskRow row, string outcome, string? fault, string? error)
        {
            Note(attempt, row, outcome, null, fault, error, null);
            Paused.Add(row);
        }

        public void GiveBack(FinishedAttempt attempt, TaskRow row)
        {
            Note(attempt, row, "returned", null, null, null, null);
            Again.Add(row);
        }

        void Note(FinishedAttempt attempt, TaskRow row, string outcome, string? finalState, string? fault, string? error, string? result) =>
            Attempts.Add(new EndedAttempt(row.TaskId, row.Epoch, attempt.Task.Lease.WorkerId, attempt.Task.ClaimedAt, Now, row.LaneId, outcome, finalState, fault, error, result));
    }
}
