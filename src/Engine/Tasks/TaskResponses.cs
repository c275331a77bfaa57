using System.Text.Json;

namespace Engine.Tasks;

/// <param name="Since">Since when it is in its state; null while it is scheduled, waits for other tasks, or is blocked by them.</param>
/// <param name="Epoch">Of its last claim; 0 before the first. It never goes back.</param>
/// <param name="Failures">Attempts charged since it was filed or redriven; null once it has ended.</param>
/// <param name="Losses">Workers that were lost with it since then; null once it has ended.</param>
/// <param name="WorkerId">Who runs it, or ran it last; null when nobody did.</param>
/// <param name="DueAt">When it can be claimed at the earliest, or when the gate that it waits at expires.</param>
/// <param name="Gate">The gate that it waits at.</param>
/// <param name="Reason">Why it is in its state, or its last error.</param>
/// <param name="OriginId">The task it came from.</param>
public sealed record TaskResponse(Guid TaskId, string Kind, TaskState State, TaskPriority Priority, IReadOnlyList<string> Requires, DateTimeOffset? Since, long Epoch,
    int? Failures, int? Losses, long? WorkerId, DateTimeOffset? DueAt, string? Gate, string? Reason, DateTimeOffset FiledAt, string FiledBy,
    string? DedupKey, string? ConcurrencyKey, DateTimeOffset? DeadlineAt, bool DryRun, Guid? OriginId)
{
    public static TaskResponse Of(ListedTask t) => new(t.TaskId, t.Kind, TaskStates.Find(t.State)!.Value, (TaskPriority)t.Priority, t.Requires, t.Since, t.Epoch, t.Failures, t.Losses,
        t.WorkerId, t.DueAt, t.Gate, t.Reason, t.FiledAt, t.FiledBy, t.DedupKey, t.ConcurrencyKey, t.DeadlineAt, t.DryRun, t.OriginId);
}

/// <param name="Task">What lists show of it.</param>
/// <param name="Result">What it came to; null until it has succeeded, and when it had nothing to say.</param>
/// <param name="DependsOn">Its parents.</param>
/// <param name="Gates">The latest 50.</param>
/// <param name="Attempts">The latest 20 that have ended, newest first; the timeline has all.</param>
public sealed record ShownTaskResponse(TaskResponse Task, JsonElement Payload, JsonElement? Result, IReadOnlyList<TaskParentResponse> DependsOn,
    IReadOnlyList<TaskGateResponse> Gates, IReadOnlyList<TaskAttemptResponse> Attempts)
{
    public static ShownTaskResponse Of(ShownTask shown) => new(TaskResponse.Of(shown.Task), StoredJson.Shown(shown.PayloadJson),
        shown.ResultJson is { } result ? StoredJson.Shown(result) : null,
        [.. shown.Parents.Select(p => new TaskParentResponse(p.TaskId, p.Settled))],
        [.. shown.Gates.Select(g => new TaskGateResponse(g.Gate, g.Epoch, g.OpenedAt, g.Decision, g.DecidedBy, g.DecidedAt, g.DetailJson is { } detail ? StoredJson.Shown(detail) : null))],
        [.. shown.Attempts.Select(a => new TaskAttemptResponse(a.Epoch, a.WorkerId, a.ClaimedAt, a.EndedAt, a.Outcome, a.Fault, a.Error))]);
}

/// <param name="Settled">succeeded, or failed when it ended otherwise; null while it is open.</param>
public sealed record TaskParentResponse(Guid TaskId, string? Settled);

/// <param name="Epoch">Of the attempt that asked, which a decision may name; null when it was decided before the task asked.</param>
/// <param name="Decision">approved, rejected, expired or signalled; null while it is open.</param>
public sealed record TaskGateResponse(string Gate, long? Epoch, DateTimeOffset? OpenedAt, string? Decision, string? DecidedBy, DateTimeOffset? DecidedAt, JsonElement? Detail);

/// <param name="WorkerId">Null, like <paramref name="ClaimedAt"/>, when it was ended without a claim.</param>
/// <param name="Outcome">succeeded, failed, cancelled, dead, retried, blocked, gated, snoozed, returned, reassigned or lost.</param>
/// <param name="Fault">transient, worker_lost, task_fault or persistent; null when nothing failed.</param>
public sealed record TaskAttemptResponse(long Epoch, long? WorkerId, DateTimeOffset? ClaimedAt, DateTimeOffset EndedAt, string Outcome, string? Fault, string? Error);

/// <param name="EventId">The same whenever the event is sent or listed.</param>
/// <param name="Epoch">Of the attempt it belongs to; 0 before the first.</param>
/// <param name="Event">filed, claimed, how an attempt ended, gate_opened, gate_approved and its like, or what a note is called.</param>
/// <param name="Actor">worker:…, token:… or engine.</param>
/// <param name="State">What the task was in right after it; null when it changed nothing, or another event tells.</param>
public sealed record TaskEventResponse(string EventId, Guid TaskId, string Kind, DateTimeOffset At, long Epoch, string Event, string Actor, TaskState? State, JsonElement Detail)
{
    public static TaskEventResponse Of(TaskEvent e, string kind) =>
        new(e.EventId, e.TaskId, kind, e.At, e.Epoch, e.Event, e.Actor, e.State is { } state ? TaskStates.Find(state) : null, StoredJson.Shown(e.DetailJson));
}

/// <param name="PayloadSchema">JSON schema of the payload.</param>
/// <param name="RunLimitSeconds">How long one attempt may run.</param>
/// <param name="LeaseSeconds">How long after its worker's last sign of life another one gets it.</param>
/// <param name="MaxFailures">Transient failures before it is blocked.</param>
/// <param name="StartsPerSecond">Over all workers; null: no limit.</param>
public sealed record TaskKindResponse(string Name, TaskPriority Priority, IReadOnlyList<string> Requires, double RunLimitSeconds, double LeaseSeconds, int MaxFailures,
    double? StartsPerSecond, JsonElement PayloadSchema)
{
    public static TaskKindResponse Of(TaskKind kind) => new(kind.Name, kind.Priority, kind.Requires, kind.RunLimit.TotalSeconds, kind.Lease.TotalSeconds, kind.MaxFailures,
        kind.StartsPerSecond, JsonSerializer.SerializeToElement(TaskPayload.Schema(kind.PayloadType)));
}

/// <summary>JSON of payloads, results and notes on its way out.</summary>
static class StoredJson
{
    /// <summary>What the answer's own limit leaves below the few levels that stand above.</summary>
    static readonly JsonDocumentOptions Bounded = new() { MaxDepth = 26 };

    /// <returns>The value; what is nested too deeply for an answer, as text.</returns>
    public static JsonElement Shown(string json)
    {
        try
        {
            return JsonElement.Parse(json, Bounded);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["text"] = json }); // shown all the same
        }
    }
}
