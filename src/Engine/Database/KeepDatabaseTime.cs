using Engine.Faults;

namespace Engine.Database;

/// <summary>Measures the database's clock again every minute, and at once after a gap: a suspended host, a stopped process, a wall clock that jumped.</summary>
public sealed class KeepDatabaseTime(DatabaseTime time, TimeProvider host, ILogger<KeepDatabaseTime> log) : BackgroundService
{
    static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Resync = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

    (DateTimeOffset Wall, long Timestamp) seen = (host.GetUtcNow(), host.GetTimestamp());
    bool mustMeasure; // a gap was seen and the clock could not be measured since

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, host);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await RunOnceAsync(stoppingToken);
    }

    /// <returns>Whether the clock was measured in this pass.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken ct)
    {
        var (wall, timestamp) = (host.GetUtcNow(), host.GetTimestamp());
        var counted = host.GetElapsedTime(seen.Timestamp, timestamp);
        var jump = wall - seen.Wall - counted;
        seen = (wall, timestamp);
        var hadGap = jump.Duration() > Gap || counted > Tick + Gap;
        if (hadGap) log.ClockGap(jump, counted);
        mustMeasure |= hadGap;
        if (!mustMeasure && time.Age < Resync) return false;

        try
        {
            await time.SyncAsync(ct);
            mustMeasure = false;
            return true;
        }
        catch (Exception e) when (Fault.Of(e, ct) != FaultKind.Cancelled)
        {
            log.ClockNotMeasured(e, time.Age); // the monotonic clock counts on; the next pass tries again
            return false;
        }
    }
}
