using Dapper;
using Npgsql;
using Quartz;

namespace Engine.Schedules;

/// <summary>
/// Makes Quartz's triggers what the rows of <c>schedules</c> say. A trigger of the same version stays as it is: it knows what was
/// missed while nobody ran. Any node may do this at any time; a fire checks the row once more.
/// </summary>
public sealed class SyncSchedules(NpgsqlDataSource database, TimeProvider time, ILogger<SyncSchedules> log)
{
    const string Sql = $"""
        select coalesce(s.name, t.trigger_name) as name, t.planned, s.duty, s.cron, s.time_zone, s.misfire_policy, s.enabled, s.version
        from schedules s
        full join (
            select trigger_name, case when trigger_state = 'ERROR' then 'broken' else description end as planned
            from qrtz_triggers where sched_name = '{EngineScheduler.Name}' and trigger_group = '{FireJob.Schedules}'
        ) t on t.trigger_name = s.name
        order by 1
        """;

    readonly HashSet<(string Name, long Version)> told = [];

    public async Task RunAsync(IScheduler scheduler, CancellationToken ct)
    {
        foreach (var row in await ReadAsync(ct))
        {
            var now = time.GetUtcNow();
            switch (SchedulePlan.Decide(row, now))
            {
                case SchedulePlan.Plan:
                    await PlanAsync(scheduler, row, ct);
                    log.Planned(row.Name, row.Version!.Value, row.Cron!, row.TimeZone!);
                    break;
                case SchedulePlan.Drop drop:
                    if (row.Planned is not null && await scheduler.UnscheduleJob(Key(row), ct)) log.Dropped(row.Name);
                    if (drop.Problem is { } problem && told.Add((row.Name, row.Version ?? 0))) log.Unplannable(row.Name, row.Version ?? 0, problem);
                    break;
            }
        }
    }

    async Task<IReadOnlyList<PlannedRow>> ReadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<PlannedRow>(new CommandDefinition(Sql, cancellationToken: ct))];
    }

    async Task PlanAsync(IScheduler scheduler, PlannedRow row, CancellationToken ct)
    {
        var job = JobBuilder.Create<FireJob>().WithIdentity(row.Name, FireJob.Schedules).WithDescription(row.Duty!)
            .StoreDurably().RequestRecovery().DisallowConcurrentExecution().Build();
        var trigger = TriggerBuilder.Create(time).WithIdentity(Key(row)).ForJob(job).WithDescription(FireJob.Mark(row.Version!.Value))
            .WithCronSchedule(FiringTimes.Parse(row.Cron!, row.TimeZone!), cron => cron.WithMisfireInstruction(
                row.MisfirePolicy == MisfirePolicies.Skip ? CronTriggerMisfireInstruction.DoNothing : CronTriggerMisfireInstruction.FireAndProceed))
            .Build();
        await scheduler.ScheduleJob(job, [trigger], ScheduleJobOptions.Replacing, ct);
    }

    static TriggerKey Key(PlannedRow row) => new(row.Name, FireJob.Schedules);
}

/// <summary>A schedule beside its trigger.</summary>
/// <param name="Planned">The mark of the version that the trigger was made from; null without a trigger.</param>
/// <param name="Version">Null, like all that follows the duty, when the schedule is gone and only the trigger is left.</param>
public sealed record PlannedRow(string Name, string? Planned, string? Duty, string? Cron, string? TimeZone, string? MisfirePolicy, bool? Enabled, long? Version);

/// <summary>What becomes of a schedule's trigger.</summary>
public abstract record SchedulePlan
{
    SchedulePlan() { } // closed: the kinds below are all there are

    public sealed record Keep : SchedulePlan;
    /// <summary>Make it anew.</summary>
    public sealed record Plan : SchedulePlan;
    /// <param name="Problem">Null when it is meant to be absent.</param>
    public sealed record Drop(string? Problem) : SchedulePlan;

    public static SchedulePlan Decide(PlannedRow row, DateTimeOffset now)
    {
        if (row is not { Version: { } version, Enabled: true, Cron: { } cron, TimeZone: { } zone }) return new Drop(null);
        if (row.Planned == FireJob.Mark(version)) return new Keep();
        var problems = FiringTimes.Problems(cron, zone, now).ToArray();
        return problems.Length == 0 ? new Plan() : new Drop(string.Join(" ", problems));
    }
}
