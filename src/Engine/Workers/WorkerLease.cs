namespace Engine.Workers;

/// <summary>
/// One worker's claim to be alive, counted by the monotonic clock of its host. It ends by itself before anybody else may think
/// the worker dead: after two thirds of the lease without a heartbeat that was answered, counted from when that was sent.
/// </summary>
/// <param name="sentAt">When the registration left, by the monotonic clock.</param>
public sealed class WorkerLease(long workerId, TimeSpan lease, TimeProvider time, long sentAt) : IDisposable
{
    readonly CancellationTokenSource lost = new();
    long lastBeat = sentAt;
    volatile bool isLost;

    public long WorkerId => workerId;

    /// <summary>What the database was told: how long after a heartbeat others wait.</summary>
    public TimeSpan Lease => lease;

    /// <summary>Fires when the worker must do nothing more.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Whether the worker may still act.</summary>
    public bool Holds => !isLost && SinceBeat < lease * 2 / 3;

    /// <summary>Since the last answered heartbeat was sent.</summary>
    public TimeSpan SinceBeat => time.GetElapsedTime(Interlocked.Read(ref lastBeat));

    /// <param name="at">When the heartbeat left, by the monotonic clock: what was answered was true then at the latest.</param>
    public void Renew(long at) => Interlocked.Exchange(ref lastBeat, at);

    /// <summary>Ends it for good: the database says that others took over, or its time is up.</summary>
    public void Lose()
    {
        if (isLost) return;
        isLost = true;
        try
        {
            lost.Cancel();
        }
        catch (Exception e) when (e is ObjectDisposedException or AggregateException)
        {
            // The worker has left meanwhile, or somebody who was told failed: that is not for the heartbeat to die of.
        }
    }

    public void Dispose() => lost.Dispose();
}
