using System.Text.Json;

namespace Engine.Tasks;

/// <summary>How an attempt ended, as its handler says.</summary>
public abstract record TaskResult
{
    TaskResult() { } // closed: the kinds below are all there are

    /// <param name="Json">The result as JSON, at most 1 MiB; null when there is nothing to say.</param>
    public sealed record Succeeded(string? Json) : TaskResult;

    /// <summary>Failed, with what follows from the kind of the fault.</summary>
    public sealed record Failed(TaskFault Fault, string Reason) : TaskResult;

    /// <summary>Ends for good as failed: trying again or asking somebody would change nothing.</summary>
    public sealed record Refused(string Reason) : TaskResult;

    /// <summary>Runs again later, uncharged.</summary>
    public sealed record Snoozed(TimeSpan For) : TaskResult;

    /// <summary>Waits at a gate without slot or lease, then runs again; <see cref="TaskContext.DecisionAsync"/> tells what was decided.</summary>
    /// <param name="Gate">Snake case; unique within the task.</param>
    /// <param name="ForApproval">Waits for a person, else for a signal.</param>
    /// <param name="Expires">When nobody has decided by then, the decision is <c>expired</c>; null: waits for ever.</param>
    public sealed record Gated(string Gate, bool ForApproval, TimeSpan? Expires) : TaskResult;

    /// <summary>Given back unharmed and uncharged: the engine stops, or its kind stands still. Not for handlers.</summary>
    internal sealed record Returned : TaskResult;

    static readonly TaskResult Nothing = new Succeeded(null);
    static readonly Task<TaskResult> NothingTask = Task.FromResult(Nothing);

    /// <summary>Done, nothing to say.</summary>
    public static TaskResult Done() => Nothing;

    /// <summary>The same for handlers that have nothing to await.</summary>
    public static Task<TaskResult> DoneAsync() => NothingTask;

    public static TaskResult Done<T>(T result) => new Succeeded(JsonSerializer.Serialize(result, TaskPayload.Options));

    public static TaskResult Fail(TaskFault fault, string reason) => new Failed(fault, reason);

    public static TaskResult Refuse(string reason) => new Refused(reason);

    public static TaskResult Snooze(TimeSpan time) => new Snoozed(time);

    public static TaskResult WaitForApproval(string gate, TimeSpan? expires = null) => new Gated(gate, true, expires);

    public static TaskResult WaitForSignal(string gate, TimeSpan? expires = null) => new Gated(gate, false, expires);
}

/// <summary>What kind of failure it was: it decides what follows.</summary>
public enum TaskFault
{
    /// <summary>Goes away by itself: retried with growing pauses, then blocked.</summary>
    Transient,

    /// <summary>The worker died with it: another worker gets it, not charged to the task.</summary>
    WorkerLost,

    /// <summary>Something is wrong with this task or its handler: it waits for a person, and an investigation is filed.</summary>
    TaskFault,

    /// <summary>Will fail again in the same way: blocked, people are told.</summary>
    Persistent,
}
