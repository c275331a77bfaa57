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
        where f.outcome is null and s.name = f.name
          and case when @name::text is null then f.started_at < @before
                   else f.name = @name and f.fire_time = @fireTime and f.started_at is not null end
        returning f.fire_id, f.name, s.duty, f.fire_time, f.manual, f.started_at
        """;

    /// <summary>All fires that have run longer than any duty may.</summary>
    public Task RunAsync(CancellationToken ct) => RunAsync(null, null, ct);

    /// <summary>One fire whose process the cluster has declared dead.</summary>
    public Task RunAsync(string name, DateTimeOffset fireTime, CancellationToken ct) => RunAsync(name, (DateTimeOffset?)fireTime, ct);

    async Task RunAsync(string? name, DateTimeOffset? fireTime, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var lost = await connection.QueryAsync<ScheduledFire>(new CommandDefinition(
            Sql, new { now, before = now - RunFire.Limit - Grace, name, fireTime }, cancellationToken: ct));
        foreach (var fire in lost)
        {
            metrics.Finished(fire, "failed");
            log.Lost(fire.Name, fire.FireTime, fire.StartedAt);
        }
    }
}
