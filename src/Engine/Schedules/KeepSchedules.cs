using Dapper;
using Engine.Faults;
using Npgsql;
using Quartz;

namespace Engine.Schedules;

/// <summary>
/// Keeps the scheduler running and true to the rows: starts it, also when the database comes only later, and passes over
/// schedules and fires every few seconds, when something should have fired, and whenever <see cref="Wake"/> is called.
/// </summary>
public sealed class KeepSchedules(
    EngineScheduler engine, SyncSchedules sync, FailLostFires failLost, FreeLostTriggers free, BeginWaitingFires begin, NpgsqlDataSource database, TimeProvider time,
    ILogger<KeepSchedules> log) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    const string SeenSql = $"""
        select (select last_checkin_time from qrtz_scheduler_state where sched_name = '{EngineScheduler.Name}' and instance_name = @SchedulerInstanceId),
               (select min(next_fire_time) from qrtz_triggers where sched_name = '{EngineScheduler.Name}' and next_fire_time >= @recently)
        """;

    volatile TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool failing;

    /// <summary>What the last good pass saw; null before the first.</summary>
    public SchedulerSeen? LastSeen { get; private set; }

    /// <summary>Something was changed or asked for: pass now.</summary>
    public void Wake() => woken.TrySetResult();

    public async Task RunOnceAsync(CancellationToken ct)
    {
        var scheduler = await engine.StartAsync(ct);
        await sync.RunAsync(scheduler, ct);
        await failLost.RunAsync(ct);
        await free.RunAsync(scheduler, engine.Jobs, ct);
        await begin.RunAsync(scheduler, ct);
        LastSeen = await LookAsync(scheduler, ct);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await engine.StopAsync(StopPatience);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for the first pass
        while (!stoppingToken.IsCancellationRequested)
        {
            // Made before the pass: what comes while it runs may have come too late for it.
            var wake = woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var rest = await PassAsync(stoppingToken);
            await wake.Task.WaitAsync(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>How long to rest.</returns>
    async Task<TimeSpan> PassAsync(CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ct);
            if (failing) log.WorksAgain();
            failing = false;
            return LastSeen!.Rest(least: AfterFailure, most: Interval);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            if (!failing && Fault.Of(Cause(e), ct) == FaultKind.Transient) log.Waiting(Cause(e).Message);
            else if (!failing) log.PassFailed(e);
            failing = true; // once is enough: the health check tells as long as it lasts
            return AfterFailure;
        }
    }

    /// <summary>Quartz wraps what the database said.</summary>
    static Exception Cause(Exception e) => e is SchedulerException { InnerException: { } inner } ? Cause(inner) : e;

    async Task<SchedulerSeen> LookAsync(IScheduler scheduler, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var (checkedIn, due) = await connection.QuerySingleAsync<(long?, long?)>(new CommandDefinition(SeenSql,
            new { scheduler.SchedulerInstanceId, recently = (now - FreeLostTriggers.Overdue).UtcTicks }, cancellationToken: ct));
        return new SchedulerSeen(now, Time(checkedIn), Time(due));

        static DateTimeOffset? Time(long? ticks) => ticks is { } known ? new DateTimeOffset(known, TimeSpan.Zero) : null;
    }
}

/// <param name="At">When the pass was.</param>
/// <param name="CheckedInAt">When this node last told the cluster that it lives; null when it never has.</param>
/// <param name="NextDueAt">When the next trigger of any node is due, or was a moment ago; null when none is.</param>
public sealed record SchedulerSeen(DateTimeOffset At, DateTimeOffset? CheckedInAt, DateTimeOffset? NextDueAt)
{
    /// <returns>How long to wait for the next pass: it comes in time to see whether what is due next was fired.</returns>
    public TimeSpan Rest(TimeSpan least, TimeSpan most)
    {
        var rest = NextDueAt is { } due ? due + FreeLostTriggers.Overdue + Leeway - At : most;
        return rest < least ? least : rest > most ? most : rest;
    }

    static readonly TimeSpan Leeway = TimeSpan.FromSeconds(0.1);
}
