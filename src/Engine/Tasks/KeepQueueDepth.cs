using Engine.Faults;

namespace Engine.Tasks;

/// <summary>Keeps count of the live tasks for metrics, health and status: every ten seconds, and less often when that takes long.</summary>
public sealed class KeepQueueDepth(ReadQueueDepth read, TaskMetrics metrics, TimeProvider time, ILogger<KeepQueueDepth> log) : BackgroundService
{
    /// <summary>A snapshot that is held for longer keeps the hot tables from being cleared up.</summary>
    public static readonly TimeSpan LongSnapshot = TimeSpan.FromSeconds(60);

    static readonly TimeSpan Every = TimeSpan.FromSeconds(10), TooLong = TimeSpan.FromSeconds(0.5);
    const int Patience = 60; // a count that takes long is made again after so many times that long

    bool isHeld, isFailing;

    /// <summary>The last count; null before the first.</summary>
    public QueueDepth? Last { get; private set; }

    /// <returns>How long to rest.</returns>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var depth = await read.RunAsync(ct);
        var took = time.GetElapsedTime(started);
        Last = depth;
        metrics.Counted(depth);
        if (depth.SnapshotAge > LongSnapshot && !isHeld) log.SnapshotHeld(depth.Oldest!.HeldBy, depth.SnapshotAge);
        if (depth.SnapshotAge <= LongSnapshot && isHeld) log.SnapshotGone();
        isHeld = depth.SnapshotAge > LongSnapshot;
        return took > TooLong ? Patience * took : Every;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for the first count
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = Every;
            try
            {
                rest = await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (Exception e) when (Fault.Of(e, stoppingToken) is not FaultKind.Cancelled)
            {
                if (!isFailing) log.CountFailed(e);
                isFailing = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
