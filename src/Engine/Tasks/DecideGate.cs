using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Decides at a gate of a task, which goes on in the same transaction. The first decision of an opening stands and every later one
/// is told of it; a decision for another opening, or for a task that has ended, is refused. Approvals answer a question and are spent
/// on it. Signals tell that something has happened, perhaps again: one that comes between two openings of its gate is kept for the
/// next, unless it names the one that was answered. One is kept, not a queue of them: they say that, not how often.
/// </summary>
public sealed class DecideGate(MoveTasks move, TimeProvider time, TaskLanes lanes, PutTasks put, EndTasks end, WakeWorkers wake, RecordAudit audit,
    RecordMove record, ILogger<DecideGate> log)
{
    const int MaxGates = 100;

    // Whoever decides, opens or expires a gate locks its row first and the task's row after it.
    const string GateSql = $"select {GateRow.Columns} from task_gates where task_id = @TaskId and gate = @Gate for update";

    const string EarlySql = """
        insert into task_gates (task_id, gate, decision, decided_by, decided_at, detail) values (@TaskId, @Gate, @Decision, @By, @now, @DetailJson::jsonb)
        on conflict (task_id, gate) do nothing
        """;

    const string EndSql = """
        select t.task_id, (select a.final_state from task_attempts a where a.task_id = t.task_id and a.final_state is not null and a.reopened_at is null) as state,
            (select count(*)::integer from task_gates g where g.task_id = t.task_id) as gates
        from tasks t where t.task_id = @TaskId
        """;

    const string GatedSql = """
        select task_id, epoch, lane_id, failures, losses, flags, waits_for from task_gated where task_id = @TaskId and gate = @Gate and epoch = @epoch for update
        """;

    const string LeaveSql = "delete from task_gated where task_id = @TaskId";

    const string DecideSql = """
        update task_gates set decision = @Decision, decided_by = @By, decided_at = @now, detail = @DetailJson::jsonb where task_id = @TaskId and gate = @Gate
        """;

    const string KeepSql = """
        update task_gates set kept_by = @By, kept_at = @now, kept_detail = @DetailJson::jsonb where task_id = @TaskId and gate = @Gate
        """;

    public async Task<DecisionOutcome> RunAsync(NewDecision decision, CancellationToken ct)
    {
        var outcome = await move.RunAsync(async (connection, transaction) =>
        {
            var decided = await RunAsync(connection, transaction, decision, ct);
            return (decided, decided is DecisionOutcome.Taken);
        }, ct);
        if (outcome is DecisionOutcome.Taken) log.Decided(decision.Decision, decision.Gate, decision.TaskId, decision.By);
        return outcome;
    }

    /// <summary>In the caller's transaction; unless the decision is taken, nothing of it is in there.</summary>
    public async Task<DecisionOutcome> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, CancellationToken ct)
    {
        if (decision.Problem() is { } problem) return new DecisionOutcome.Refused("invalid_request", problem);
        while (true)
        {
            var gate = await connection.QuerySingleOrDefaultAsync<GateRow>(new CommandDefinition(GateSql, decision, transaction, cancellationToken: ct));
            if (gate is not null) return await DecideAsync(connection, transaction, decision, gate, ct);
            if (await DecideEarlyAsync(connection, transaction, decision, ct) is { } outcome) return outcome;
        }
    }

    /// <returns>Null when the gate was opened or decided at the same moment: look again.</returns>
    async Task<DecisionOutcome?> DecideEarlyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, CancellationToken ct)
    {
        var known = await connection.QuerySingleOrDefaultAsync<Known>(new CommandDefinition(EndSql, decision, transaction, cancellationToken: ct));
        if (known is null) return new DecisionOutcome.NoSuchTask();
        if (known.State is not null) return Ended(known.State);
        if (decision.Epoch is { } epoch) return new DecisionOutcome.Refused("gate_not_open", $"The gate {decision.Gate} has not been opened, neither at epoch {epoch} nor at another.");
        if (decision.Gate == OpenGate.TaskFault) return new DecisionOutcome.Refused("gate_not_open", "Nothing is wrong with the task yet.");
        if (known.Gates >= MaxGates) return new DecisionOutcome.Refused("too_many_gates", $"A task may have at most {MaxGates} gates.");
        var stored = await connection.ExecuteAsync(new CommandDefinition(EarlySql, Parameters(decision, null), transaction, cancellationToken: ct));
        if (stored == 0) return null;
        await AuditAsync(connection, transaction, decision, null, ct);
        return new DecisionOutcome.Taken(Early: true);
    }

    async Task<DecisionOutcome> DecideAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, GateRow gate, CancellationToken ct)
    {
        if (decision.Epoch is { } meant && meant != gate.Epoch)
            return gate.Epoch is { } epoch
                ? new DecisionOutcome.Refused("stale_decision", $"The decision is for the opening of the gate {gate.Name} at epoch {meant}; its last opening is at epoch {epoch}.")
                : new DecisionOutcome.Refused("gate_not_open", $"The gate {gate.Name} has not been opened, neither at epoch {meant} nor at another.");
        if (gate.Decided is { } first)
            return IsFurtherSignal(decision, gate) ? await KeepAsync(connection, transaction, decision, gate, ct) : new DecisionOutcome.AlreadyTaken(first, gate.Epoch);

        var parameters = Parameters(decision, gate.Epoch);
        var gated = await connection.QuerySingleOrDefaultAsync<Gated>(new CommandDefinition(GatedSql, parameters, transaction, cancellationToken: ct));
        if (gated is null)
        {
            var known = await connection.QuerySingleOrDefaultAsync<Known>(new CommandDefinition(EndSql, decision, transaction, cancellationToken: ct));
            return known is null ? new DecisionOutcome.NoSuchTask() : known.State is not null ? Ended(known.State)
                : new DecisionOutcome.Refused("gate_not_open", $"The task does not wait at the gate {gate.Name} any more.");
        }
        if (!GateRow.Fits(decision.Decision, gated.WaitsFor == "approval"))
            return new DecisionOutcome.Refused("wrong_decision", $"The gate {gate.Name} waits for {(gated.WaitsFor == "approval" ? "approved or rejected" : "signalled")}, not for {decision.Decision}.");
        await connection.ExecuteAsync(new CommandDefinition(LeaveSql, decision, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(DecideSql, parameters, transaction, cancellationToken: ct));
        await AuditAsync(connection, transaction, decision, gate.Epoch, ct);
        await GoOnAsync(connection, transaction, decision, gated.Row, ct);
        return new DecisionOutcome.Taken(Early: false);
    }

    static bool IsFurtherSignal(NewDecision decision, GateRow gate) =>
        decision is { Decision: "signalled", Epoch: null } && gate is { Epoch: not null, Decision: "signalled" or "expired" };

    async Task<DecisionOutcome> KeepAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, GateRow gate, CancellationToken ct)
    {
        var known = await connection.QuerySingleOrDefaultAsync<Known>(new CommandDefinition(EndSql, decision, transaction, cancellationToken: ct));
        if (known is null) return new DecisionOutcome.NoSuchTask();
        if (known.State is not null) return Ended(known.State);
        if (gate.Kept is { } kept) return new DecisionOutcome.AlreadyTaken(kept, null);
        await connection.ExecuteAsync(new CommandDefinition(KeepSql, Parameters(decision, null), transaction, cancellationToken: ct));
        await record.NoteAsync(connection, transaction, decision.TaskId, gate.Epoch!.Value, "signal_kept", decision.By, new JsonObject { ["gate"] = gate.Name }, ct);
        await AuditAsync(connection, transaction, decision, null, ct);
        return new DecisionOutcome.Taken(Early: true);
    }

    async Task GoOnAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, TaskRow row, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var ofFault = decision.Gate == OpenGate.TaskFault;
        if (ofFault && decision.Decision == "rejected")
        {
            var taken = new TakenTask.Live(TaskPlace.Gated, row, null, null, decision.Gate, null);
            await end.RunAsync(connection, transaction, [taken], "dead", _ => $"given up by {decision.By} after a fault of the task", now, ct);
            return;
        }
        if (ofFault) row = row with { Failures = 0, Losses = 0, LaneId = await lanes.SharedAsync(row.LaneId, ct) };
        var woken = await put.ReadyAsync(connection, transaction, [row], now, keepsSlot: false, avoidWorker: null, ct);
        await wake.InTransactionAsync(connection, transaction, woken, ct);
    }

    Task<Guid> AuditAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewDecision decision, long? epoch, CancellationToken ct) =>
        audit.RunAsync(connection, transaction, new AuditEntry(decision.By, "task.decide", $"task:{decision.TaskId}",
            new JsonObject { ["gate"] = decision.Gate, ["epoch"] = epoch, ["decision"] = decision.Decision }, decision.Source), ct);

    DynamicParameters Parameters(NewDecision decision, long? epoch)
    {
        var parameters = new DynamicParameters(decision);
        parameters.AddDynamicParams(new { epoch, now = time.GetUtcNow() });
        return parameters;
    }

    static DecisionOutcome.Refused Ended(string state) => new("task_ended", $"The task has ended as {state}.");

    sealed record Known(Guid TaskId, string? State, int Gates);

    sealed record Gated(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, string WaitsFor)
    {
        public TaskRow Row => new(TaskId, Epoch, LaneId, Failures, Losses, Flags);
    }
}
