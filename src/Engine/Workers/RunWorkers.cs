using Dapper;
using Engine.Hosting;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>Keeps one worker of this process alive: registers it, starts it anew when it was given up, and lets it go in order.</summary>
public sealed class RunWorkers(WorkerParts parts, RegisterWorker register, NpgsqlDataSource database, WakeWorkers wake, HurryToStop hurry) : BackgroundService
{
    static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>What attempts that are told to stop have for it when the engine stops.</summary>
    static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(3);

    const string LeaveSql = "update workers set state = 'offline', running = 0 where worker_id = @workerId and state <> 'offline'";

    volatile Current? current;
    long? former; // has lost its lease and stopped, which is to be told

    /// <summary>The worker that runs now; null before the first and while one is replaced.</summary>
    public long? WorkerId => current?.Worker.WorkerId;

    /// <summary>There may be something to claim.</summary>
    /// <param name="lanes">Null: in any lane.</param>
    public void Wake(IReadOnlyCollection<int>? lanes) => current?.Worker.Wake(lanes);

    /// <summary>A task was taken from this process, if it is here.</summary>
    public void StopTask(Guid taskId)
    {
        if (current is not { } now) return;
        now.Worker.ReturnUnstarted(task => task.Row.TaskId == taskId);
        now.Attempts.Stop(taskId, "it was cancelled or given to another worker");
    }

    /// <summary>Nothing is to run any more, on any engine: what runs goes back unharmed.</summary>
    public void StopAll() => current?.Attempts.StopAll("the engines are stopped", returned: true);

    /// <summary>Kinds that stand still give back what has not begun, but for their probes.</summary>
    /// <param name="standing">Null: all kinds.</param>
    public void ReturnUnstarted(IReadOnlySet<string>? standing) => current?.Worker.ReturnUnstarted(task => standing is null || (standing.Contains(task.Kind) && !parts.Limits.IsProbe(task)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (parts.Settings.Slots == 0 || parts.Kinds.All.Count == 0) return;
        await Task.Yield();
        wake.Woken += Wake;
        try
        {
            while (!stoppingToken.IsCancellationRequested) await LiveAsync(stoppingToken);
        }
        finally
        {
            wake.Woken -= Wake;
        }
    }

    async Task LiveAsync(CancellationToken stopping)
    {
        WorkerLease lease;
        try
        {
            lease = await register.RunAsync(former, stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            parts.Log.RegisterFailed(e);
            await Task.Delay(AfterFailure, parts.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        var recent = new RecentRuns();
        var attempts = new RunAttempts(parts.Kinds, parts.Records, parts.Time, lease, parts.Metrics, recent, parts.Log);
        Worker? worker = null;
        var heartbeat = new Heartbeat(lease, parts.Connections, parts.Time, parts.Tasks, () => worker!.Condition(), parts.Log);
        worker = new Worker(lease, parts, heartbeat, attempts, recent);
        current = new Current(worker, attempts);
        using (lease)
        using (heartbeat)
        {
            heartbeat.Start();
            attempts.Start(parts.Settings.Slots);
            parts.Log.Started(worker.WorkerId, parts.Settings.Slots);
            using var end = new CancellationTokenSource();
            var run = worker.RunAsync(end.Token);
            using (lease.Lost.Register(() => _ = Task.Run(() => attempts.StopAll("its worker has lost its lease", returned: true))))
            {
                await Task.WhenAny(run, Task.Delay(Timeout.Infinite, stopping));
                if (stopping.IsCancellationRequested) await DrainAsync(worker, attempts, run);
                await end.CancelAsync();
                await run;
            }
            current = null;
            attempts.Close();
            attempts.TakeUnstarted(null);
            former = lease.Holds ? null : worker.WorkerId;
            if (lease.Holds || stopping.IsCancellationRequested) await LeaveAsync(worker.WorkerId);
        }
    }

    /// <summary>Takes nothing new, gives back what has not begun, waits for what runs, and gives that back too when it takes too long.</summary>
    async Task DrainAsync(Worker worker, RunAttempts attempts, Task run)
    {
        var before = worker.InHand;
        worker.IsClosing = true;
        worker.ReturnUnstarted(_ => true);
        using var patience = new CancellationTokenSource(parts.Settings.DrainTimeout, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, hurry.Token);
        await Task.WhenAny(run, Task.Delay(Timeout.Infinite, either.Token));
        attempts.StopAll("the engine stops", returned: true);
        await Task.WhenAny(run, Task.Delay(StopWithin, parts.Time));
        parts.Log.Stopped(worker.WorkerId, before);
    }

    /// <summary>Says that this worker has stopped, whatever it still holds: nobody is to think that it died.</summary>
    async Task LeaveAsync(long workerId)
    {
        try
        {
            using var patience = new CancellationTokenSource(StopWithin, parts.Time);
            await using var connection = await database.OpenConnectionAsync(patience.Token);
            await connection.ExecuteAsync(new CommandDefinition(LeaveSql, new { workerId }, cancellationToken: patience.Token));
        }
        catch (Exception e)
        {
            parts.Log.BeatFailed(e, workerId); // others see it when its lease has run out
        }
    }

    sealed record Current(Worker Worker, RunAttempts Attempts);
}
