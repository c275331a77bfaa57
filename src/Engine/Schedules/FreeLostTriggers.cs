using Dapper;
using Npgsql;
using Quartz;

namespace Engine.Schedules;

/// <summary>
/// Frees triggers that this node holds and has forgotten. When the database goes away between taking a trigger and firing it, or before
/// the answer to either, Quartz gives up and the row says for ever that a living node holds it: it would not fire again.
/// What their fires should have done waits afterwards, for <see cref="BeginWaitingFires"/>.
/// </summary>
public sealed class FreeLostTriggers(NpgsqlDataSource database, TimeProvider time, ILogger<FreeLostTriggers> log)
{
    /// <summary>A trigger that is so late and not fired was lost.</summary>
    public static readonly TimeSpan Overdue = TimeSpan.FromSeconds(2);

    // The lock that Quartz takes for every change of a trigger.
    const string LockSql = $"select lock_name from qrtz_locks where sched_name = '{EngineScheduler.Name}' and lock_name = 'TRIGGER_ACCESS' for update";

    const string HeldSql = $"""
        select f.entry_id, f.trigger_name, f.trigger_group, f.job_name, f.job_group, f.sched_time, f.state = 'EXECUTING' as begun
        from qrtz_fired_triggers f
        where f.sched_name = '{EngineScheduler.Name}' and f.instance_name = @instanceId and f.state in ('ACQUIRED', 'EXECUTING')
          and f.sched_time < @before and f.fired_time < @before and f.entry_id <> all (@running)
        """;

    // The fire is put down as one that waits, unless it came that far itself or was missed; what has not begun and was missed Quartz makes good.
    const string FreeSql = $"""
        insert into schedule_fires (fire_id, name, fire_time, manual)
        select @FireId, name, @FireTime, false from schedules
        where @TriggerGroup = '{FireJob.Schedules}' and name = @TriggerName and enabled
          and (@FireTime >= @missed or @Begun and misfire_policy = '{MisfirePolicies.FireOnce}')
        on conflict (name, fire_time) where not manual do nothing;
        delete from qrtz_fired_triggers where sched_name = '{EngineScheduler.Name}' and entry_id = @EntryId;
        update qrtz_triggers set trigger_state = 'WAITING'
        where sched_name = '{EngineScheduler.Name}'
          and (trigger_state = 'ACQUIRED' and trigger_name = @TriggerName and trigger_group = @TriggerGroup
               or @Begun and trigger_state = 'BLOCKED' and job_name = @JobName and job_group = @JobGroup);
        """;

    /// <param name="running">Ids of the fires, as Quartz names them, whose jobs are at work in this process.</param>
    public async Task RunAsync(IScheduler scheduler, IReadOnlyCollection<string> running, CancellationToken ct)
    {
        foreach (var trigger in await FreeAsync(scheduler.SchedulerInstanceId, [.. running], ct))
        {
            if (trigger.TriggerGroup == FireJob.Fires) await scheduler.UnscheduleJob(new TriggerKey(trigger.TriggerName, trigger.TriggerGroup), ct);
            log.Freed(trigger.TriggerGroup, trigger.TriggerName, trigger.FireTime);
        }
    }

    async Task<IReadOnlyList<HeldTrigger>> FreeAsync(string instanceId, string[] running, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var parameters = new { instanceId, running, before = (now - Overdue).UtcTicks };
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!(await connection.QueryAsync<HeldTrigger>(new CommandDefinition(HeldSql, parameters, cancellationToken: ct))).Any()) return [];

        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, transaction: transaction, cancellationToken: ct));
        IReadOnlyList<HeldTrigger> held = [.. await connection.QueryAsync<HeldTrigger>(new CommandDefinition(HeldSql, parameters, transaction, cancellationToken: ct))];
        foreach (var trigger in held)
            await connection.ExecuteAsync(new CommandDefinition(FreeSql, new
            {
                FireId = Guid.CreateVersion7(now), missed = now - MisfirePolicies.After, trigger.FireTime, trigger.Begun, trigger.EntryId,
                trigger.TriggerName, trigger.TriggerGroup, trigger.JobName, trigger.JobGroup,
            }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return held;
    }

    /// <param name="SchedTime">When it was due, in ticks of 100 ns since the year 1.</param>
    /// <param name="Begun">Quartz had fired it, though no job of it runs.</param>
    sealed record HeldTrigger(string EntryId, string TriggerName, string TriggerGroup, string? JobName, string? JobGroup, long SchedTime, bool Begun)
    {
        public DateTimeOffset FireTime => new(SchedTime, TimeSpan.Zero);
    }
}
