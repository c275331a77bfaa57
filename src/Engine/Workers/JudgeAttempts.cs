using Engine.Tasks;

namespace Engine.Workers;

/// <summary>Tells the breakers how those attempts of one worker ended that matter to them: failures, and probes. What could not be told is told next time.</summary>
public sealed class JudgeAttempts(ClaimLimits limits, RecentRuns recent)
{
    readonly Queue<FinishedAttempt> unjudged = [];

    /// <summary>They have ended; the same one may come again.</summary>
    public void Add(IEnumerable<FinishedAttempt> ended)
    {
        foreach (var attempt in ended)
            if ((attempt.Result is TaskResult.Failed || limits.IsProbe(attempt.Task)) && !unjudged.Contains(attempt)) unjudged.Enqueue(attempt);
    }

    /// <returns>Whether a kind was taken off the worker's health: it may want more now.</returns>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        var hasForgotten = false;
        for (; unjudged.TryPeek(out var attempt); unjudged.Dequeue())
        {
            if (!await limits.EndedAsync(attempt.Task, attempt.Result, recent.OutcomesOf(attempt.Task.Kind), ct)) continue;
            recent.Forget(attempt.Task.Kind);
            hasForgotten = true;
        }
        return hasForgotten;
    }
}
