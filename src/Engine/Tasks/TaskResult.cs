using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engine.Tasks;

/// <summary>How an attempt ended, as its handler says.</summary>
public abstract partial record TaskResult
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
    public sealed record Returned : TaskResult;

    const int MaxResultBytes = 1 << 20;
    static readonly TimeSpan LongestSnooze = TimeSpan.FromDays(366);

    /// <returns>The result itself, or the failure of a handler whose result cannot be kept.</returns>
    internal static TaskResult Checked(TaskResult? result) => result switch
    {
        null => Wrong("returned null"),
        Succeeded { Json: { } json } when json.Length > MaxResultBytes => Wrong($"returned a result of {json.Length} characters; {MaxResultBytes} is the most"),
        Succeeded { Json: { } json } when !IsJson(json) => Wrong("returned a result that is not JSON"),
        Succeeded { Json: { } json } when json.Contains("\\u0000", StringComparison.Ordinal) => new Succeeded(json.Replace("\\u0000", "\\u2400", StringComparison.Ordinal)),
        Snoozed { For: var time } when time < TimeSpan.Zero || time > LongestSnooze => Wrong($"wants to snooze for {time}; 0 to {LongestSnooze} is possible"),
        Gated { Expires: { } expires } when expires <= TimeSpan.Zero || expires > LongestSnooze => Wrong($"opens a gate that expires after {expires}; up to {LongestSnooze} is possible"),
        Failed { Fault: TaskFault.WorkerLost, Reason: var reason } => Wrong($"says that its worker was lost ({reason}), which only the engine can know"),
        Gated { Gate: OpenGate.TaskFault } => Wrong($"opens the gate {OpenGate.TaskFault}, which is the engine's own"),
        Gated { Gate: var gate } when !GateName().IsMatch(gate) => Wrong($"opens a gate named \"{gate}\"; a name is snake case of at most 63 letters, digits and underscores"),
        _ => result,
    };

    static Failed Wrong(string what) => new(TaskFault.TaskFault, $"The handler {what}.");

    static bool IsJson(string json)
    {
        try
        {
            using var _ = JsonDocument.Parse(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex GateName();

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

    /// <summary>The worker died with it: another worker gets it, not charged to the task. Not for handlers: only who finds a worker dead can say so.</summary>
    WorkerLost,

    /// <summary>Something is wrong with this task or its handler: it waits for a person, and an investigation is filed.</summary>
    TaskFault,

    /// <summary>Will fail again in the same way: blocked, people are told.</summary>
    Persistent,
}
