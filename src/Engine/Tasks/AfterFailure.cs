using Engine.Faults;

namespace Engine.Tasks;

/// <summary>What becomes of a task after a failed attempt, by the kind of the fault (the four kinds of the design).</summary>
public abstract record AfterFailure
{
    AfterFailure() { } // closed: the kinds below are all there are

    /// <summary>Runs again at that time; charged.</summary>
    public sealed record RetryAt(DateTimeOffset At) : AfterFailure;

    /// <summary>Needs a person: blocked.</summary>
    public sealed record Block(string Reason) : AfterFailure;

    /// <summary>Waits for a person's word, with an investigation beside it.</summary>
    public sealed record Ask(string Reason) : AfterFailure;

    /// <summary>Another worker gets it at once, not charged.</summary>
    public sealed record GiveToAnother : AfterFailure;

    /// <summary>Given up: it kills workers.</summary>
    public sealed record Quarantine(string Reason) : AfterFailure;

    /// <summary>A task that so many workers died with is given up; after one loss less it runs alone.</summary>
    public const int MaxLosses = 3;

    /// <summary>Of how many workers these must have been.</summary>
    const int LeastWorkers = 2;

    static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <param name="fault">As a handler says or throws it; that its worker was lost, no handler can say.</param>
    /// <param name="failures">Attempts charged so far, this one included.</param>
    /// <param name="jitter">From 0 to 1: where in the upper half of the pause it falls, so that what failed together does not come back together.</param>
    public static AfterFailure Decide(TaskFault fault, string reason, int failures, int maxFailures, DateTimeOffset now, double jitter) => fault switch
    {
        TaskFault.TaskFault => new Ask(reason),
        TaskFault.Persistent => new Block(reason),
        _ when failures >= maxFailures => new Block($"failed {failures} times, at last: {reason}"),
        _ => new RetryAt(now + Pause(failures, jitter)),
    };

    /// <summary>What becomes of a task whose worker was lost.</summary>
    /// <param name="deaths">Workers that died with it, this one included; not those that were lost and live on.</param>
    /// <param name="workers">How many different ones that were.</param>
    public static AfterFailure DecideLost(int deaths, int workers) => deaths < MaxLosses || workers < LeastWorkers ? new GiveToAnother()
        : new Quarantine(deaths == workers ? $"{deaths} workers died with it" : $"{deaths} deaths of {workers} workers");

    /// <summary>1, 2, 4, 8 … seconds, at most 15 minutes; then between half and the whole of that.</summary>
    static TimeSpan Pause(int failures, double jitter)
    {
        var whole = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Clamp(failures - 1, 0, 20)), LongestPause.TotalSeconds));
        return whole * (0.5 + 0.5 * Math.Clamp(jitter, 0, 1));
    }

    /// <summary>The kind of an exception that a handler let through.</summary>
    public static TaskFault FaultOf(Exception exception, CancellationToken ct) => exception is System.Text.Json.JsonException ? TaskFault.Persistent
        : Fault.Of(exception, ct) switch
        {
            FaultKind.Transient or FaultKind.Cancelled => TaskFault.Transient,
            FaultKind.Permanent => TaskFault.Persistent,
            _ => TaskFault.TaskFault,
        };
}
