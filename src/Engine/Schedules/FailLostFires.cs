using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Ends fires whose process is gone, so that nothing runs for ever in the books.</summary>
public sealed class FailLostFires(NpgsqlDataSource database, TimeProvider time, ScheduleMetrics metrics, ILogger<FailLostFires> log)
{
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    const string Sql = """
        update schedule_fires f set finished_at = @now, outcome = 'failed', detail = 'The process that ran it stopped before it had finished.'
        from schedules s
        where f.outcome is null and f.started_at is not null and s.name = f.name
          and case when @fireId::uuid is not null then f.fire_id = @fireId
                   when @name::text is not null then f.name = @name and f.fire_time = @fireTime and not f.manual
                   else f.started_at < @before end
        returning f.fire_id, f.name, s.duty, f.fire_time, f.manual, f.started_at
        """;

    /// <summary>All fires that have run longer than any duty may.</summary>
    public Task RunAsync(CancellationToken ct) => RunAsync(null, null, null, ct);

    /// <summary>The fire of a cron trigger whose process the cluster has declared dead.</summary>
    public Task RunAsync(string name, DateTimeOffset fireTime, CancellationToken ct) => RunAsync(null, name, fireTime, ct);

    /// <summary>The same of a fire that was asked for.</summary>
    public Task RunAsync(Guid fireId, CancellationToken ct) => RunAsync(fireId, null, null, ct);

    async Task RunAsync(Guid? fireId, string? name, DateTimeOffset? fireTime, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var lost = await connection.QueryAsync<ScheduledFire>(new CommandDefinition(
            Sql, new { now, before = now - RunFire.Limit - Grace, fireId, name, fireTime }, cancellationToken: ct));
        foreach (var fire in lost)
        {
            metrics.Finished(fire, "failed");
            log.Lost(fire.Name, fire.FireTime, fire.StartedAt);
        }
    }
}
