using Engine.Tasks;

namespace Engine.Workers;

/// <summary>One attempt at work in this process. Whoever ends it first, its handler or the watch, says how it ended.</summary>
public sealed class RunningAttempt(ClaimedTask task, TaskKind kind, long startedAt) : IDisposable
{
    readonly CancellationTokenSource stop = new();
    int hasEnded;

    public ClaimedTask Task => task;

    public TaskKind Kind => kind;

    /// <summary>By the monotonic clock.</summary>
    public long StartedAt => startedAt;

    /// <summary>Why it was told to stop; null while nobody has.</summary>
    public string? StopReason { get; private set; }

    /// <summary>Its end is no failure: it goes back unharmed.</summary>
    public bool IsReturned { get; private set; }

    public CancellationToken Token => stop.Token;

    /// <returns>True for the first caller: only its outcome counts.</returns>
    public bool TryEnd() => Interlocked.Exchange(ref hasEnded, 1) == 0;

    /// <param name="returned">The task goes back unharmed; else being stopped is a failure of the attempt.</param>
    public void Stop(string reason, bool returned)
    {
        if (StopReason is not null) return;
        (StopReason, IsReturned) = (reason, returned);
        try
        {
            // On other threads: what a handler does about it may take long or fail, and others are still to be told.
            _ = stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It ended this moment.
        }
    }

    public void Dispose() => stop.Dispose();
}
