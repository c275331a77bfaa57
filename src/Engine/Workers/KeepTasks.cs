using System.Runtime.ExceptionServices;
using Engine.Faults;
using Engine.Tasks;

namespace Engine.Workers;

/// <summary>
/// What must happen to tasks without anybody asking, every second on every engine: dead workers' tasks are given to others, what
/// is due becomes ready, gates expire. There is no leader: each duty takes its rows under lock and passes over what another is at.
/// </summary>
public sealed class KeepTasks(RescueTasks rescue, PromoteDue promoteDue, ExpireGates expireGates, PassDeadlines passDeadlines, SweepHeld sweepHeld,
    RunWorkers workers, ClaimLimits limits, ReadEngineMode readMode, ReadSlowness readSlowness, WorkerParts parts, TimeProvider time, ILogger<KeepTasks> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), Least = TimeSpan.FromMilliseconds(20), Apart = TimeSpan.FromMilliseconds(50), CompareEvery = TimeSpan.FromSeconds(10);

    readonly AsyncSignal signal = new();
    long lastCompared;
    bool isFailing, isTooOld;

    /// <summary>When the last pass went well, by the monotonic clock; 0 before the first.</summary>
    public long LastGood { get; private set; }

    /// <summary>Something has changed: pass now.</summary>
    public void Wake() => signal.Set();

    /// <returns>How long to rest at most.</returns>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken ct)
    {
        var faults = new List<Exception>();
        MovedTasks[] moved =
        [
            await TryAsync(RescueAsync, faults, ct), await TryAsync(promoteDue.RunAsync, faults, ct), await TryAsync(expireGates.RunAsync, faults, ct),
            await TryAsync(passDeadlines.RunAsync, faults, ct), await TryAsync(sweepHeld.RunAsync, faults, ct),
        ];
        await limits.ReadAsync(ct);
        Follow(await readMode.RunAsync(ct));
        if (moved.SelectMany(m => m.Lanes).Distinct().ToArray() is { Length: > 0 } lanes) workers.Wake(lanes);
        await CompareAsync(ct);
        if (faults.Count > 0) ExceptionDispatchInfo.Throw(faults[0]);
        LastGood = time.GetTimestamp();
        var rest = moved.Select(m => m.NextAt - time.GetUtcNow()).Append(Every).Min()!.Value;
        return rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
    }

    /// <summary>One duty that cannot be done does not keep the others from being done; a database that does not answer keeps all.</summary>
    static async Task<MovedTasks> TryAsync(Func<CancellationToken, Task<MovedTasks>> duty, List<Exception> faults, CancellationToken ct)
    {
        try
        {
            return await duty(ct);
        }
        catch (Exception e) when (Fault.Of(e, ct) is FaultKind.Bug or FaultKind.Permanent)
        {
            faults.Add(e);
            return new MovedTasks(0, [], null);
        }
    }

    async Task<MovedTasks> RescueAsync(CancellationToken ct) => new(await rescue.RunAsync(ct), [], null);

    async Task CompareAsync(CancellationToken ct)
    {
        if (workers.WorkerId is not { } worker || (lastCompared != 0 && time.GetElapsedTime(lastCompared) < CompareEvery)) return;
        lastCompared = time.GetTimestamp();
        parts.Slowness = await readSlowness.RunAsync(worker, ct);
    }

    /// <summary>What this process has claimed and may not begin now goes to where it can be begun, or waits there.</summary>
    void Follow(EngineMode engine)
    {
        if (engine.MinProtocol > RegisterWorker.Protocol && !isTooOld) log.TooOld(RegisterWorker.Protocol, engine.MinProtocol);
        isTooOld = engine.MinProtocol > RegisterWorker.Protocol;
        if (engine.Mode != EngineMode.Running || isTooOld) workers.ReturnUnstarted(null);
        else if (limits.Standing is { Count: > 0 } standing) workers.ReturnUnstarted(standing);
        if (engine.Mode == EngineMode.Stopped) workers.StopAll();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = Every;
            var began = time.GetTimestamp();
            try
            {
                rest = await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.KeepFailed(e);
                isFailing = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await signal.WaitAsync(rest > Least ? rest : Least, time, stoppingToken);
            // However often it is told of changes; those that come until then are seen by the same pass.
            if (Apart - time.GetElapsedTime(began) is var early && early > TimeSpan.Zero)
                await Task.Delay(early, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
