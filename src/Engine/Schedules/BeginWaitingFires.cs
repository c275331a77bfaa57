using Dapper;
using Npgsql;
using Quartz;

namespace Engine.Schedules;

/// <summary>Hands fires that wait, manual ones and those given back, to the cluster; whichever node takes one runs it.</summary>
public sealed class BeginWaitingFires(NpgsqlDataSource database, TimeProvider time)
{
    // The oldest of each schedule: a schedule runs one fire at a time, and a long queue of one must not hide the others.
    const string Sql = """
        select distinct on (name) fire_id, name from schedule_fires
        where outcome is null and started_at is null order by name, fire_time, fire_id
        """;

    public async Task RunAsync(IScheduler scheduler, CancellationToken ct)
    {
        foreach (var fire in await ReadAsync(ct))
        {
            var key = new TriggerKey(fire.FireId.ToString(), FireJob.Fires);
            if (await scheduler.Exists(key, ct)) continue; // waits for its turn
            var job = JobBuilder.Create<FireJob>().WithIdentity(fire.Name, FireJob.Schedules)
                .StoreDurably().RequestRecovery().DisallowConcurrentExecution().Build();
            var trigger = TriggerBuilder.Create(time).WithIdentity(key).ForJob(job).StartNow().Build();
            await scheduler.AddJob(job, AddJobOptions.Replacing, ct); // a schedule that was never enabled has none yet
            await scheduler.ScheduleJob(trigger, ScheduleJobOptions.Replacing, ct); // replacing: another node may be as quick
        }
    }

    async Task<IReadOnlyList<WaitingFire>> ReadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<WaitingFire>(new CommandDefinition(Sql, cancellationToken: ct))];
    }

    sealed record WaitingFire(Guid FireId, string Name);
}
