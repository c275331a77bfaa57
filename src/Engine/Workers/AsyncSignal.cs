namespace Engine.Workers;

/// <summary>Wakes one waiter; a signal that comes while nobody waits is kept, several are one.</summary>
public sealed class AsyncSignal
{
    volatile TaskCompletionSource set = New();

    public void Set() => set.TrySetResult();

    /// <summary>Until it is set, the time is over or the token fires; none of them throws. What was set before its return is for the waiter to see.</summary>
    public async Task WaitAsync(TimeSpan most, TimeProvider time, CancellationToken ct)
    {
        await set.Task.WaitAsync(most, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (set.Task.IsCompleted) set = New();
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
