using System.Globalization;

namespace Engine.Tasks;

/// <summary>The payload of an investigation.</summary>
/// <param name="TaskId">The task that failed.</param>
/// <param name="Reason">What its last attempt said.</param>
public sealed record InvestigateFailure(Guid TaskId, string Reason)
{
    public const string Kind = "investigate_failure";
}

/// <summary>Gathers what is known of a task that failed, for whoever decides whether it runs again.</summary>
public sealed class InvestigateFailureHandler(ReadFailure read) : ITaskHandler<InvestigateFailure>
{
    public async Task<TaskResult> RunAsync(InvestigateFailure payload, TaskContext context, CancellationToken ct) =>
        await read.RunAsync(payload.TaskId, ct) is { } found ? TaskResult.Done(found) : TaskResult.Refuse($"There is no task {payload.TaskId}.");
}

/// <summary>The result of an investigation.</summary>
/// <param name="Summary">In one sentence.</param>
/// <param name="Attempts">How many of its claims have ended; the latest 1000 are looked at.</param>
/// <param name="Faults">How many attempts failed by each kind of fault.</param>
/// <param name="Workers">Those it failed with.</param>
/// <param name="Events">How often each event is in its timeline.</param>
/// <param name="Similar">What else failed lately of its kind.</param>
public sealed record FailureFound(Guid TaskId, string Kind, string Summary, int Attempts, IReadOnlyDictionary<string, int> Faults,
    FailedAttempt? First, FailedAttempt? Last, IReadOnlyList<long> Workers, IReadOnlyDictionary<string, int> Events, SimilarFailures Similar)
{
    public static string Summarise(string kind, IReadOnlyDictionary<string, int> faults, IReadOnlyList<long> workers, SimilarFailures similar)
    {
        var text = new List<string>();
        foreach (var (fault, count) in faults.OrderByDescending(f => f.Value).ThenBy(f => f.Key, StringComparer.Ordinal)) text.Add($"{count} × {fault}");
        var failed = text.Count == 0 ? "has no failed attempt" : $"failed {string.Join(", ", text)} on {workers.Count} {(workers.Count == 1 ? "worker" : "workers")}";
        var others = similar.OtherTasks == 0 ? $"no other task of kind {kind} failed in the day before"
            : string.Create(CultureInfo.InvariantCulture, $"{similar.OtherTasks} other tasks of kind {kind} failed in the day before, {similar.SameError} with the same error");
        return $"It {failed}; {others}.";
    }
}

public sealed record FailedAttempt(long Epoch, DateTimeOffset At, long? WorkerId, string Fault, string? Error);

/// <param name="OtherTasks">Other tasks of the kind that failed in the last 24 hours, among the latest 1000 failures.</param>
/// <param name="SameError">Those of them with the same error text.</param>
/// <param name="TaskIds">The latest of them, those with the same error first; at most 10.</param>
public sealed record SimilarFailures(int OtherTasks, int SameError, IReadOnlyList<Guid> TaskIds);
