using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>
/// Proposes that a schedule fires at a time. The unique key lets one proposal through and makes every other one harmless,
/// whichever nodes make them; a schedule that is disabled or has changed since proposes nothing.
/// </summary>
public sealed class ProposeFire(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        with proposed as (
            insert into schedule_fires (fire_id, name, fire_time, manual, started_at)
            select @fireId, name, @fireTime, false, @now from schedules
            where name = @name and enabled and (@version::bigint is null or version = @version)
            for share -- once a change is committed, nothing is proposed from before it
            on conflict (name, fire_time) where not manual do nothing
            returning fire_id, name, fire_time, manual, started_at
        )
        select p.fire_id, p.name, s.duty, p.fire_time, p.manual, p.started_at
        from proposed p join schedules s on s.name = p.name
        """;

    /// <param name="version">The schedule's version that the fire time was computed from; null when that is not known.</param>
    /// <returns>The fire, begun by the caller, or null when there is nothing to do.</returns>
    public async Task<ScheduledFire?> RunAsync(string name, long? version, DateTimeOffset fireTime, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ScheduledFire>(new CommandDefinition(
            Sql, new { fireId = Guid.CreateVersion7(now), name, version, fireTime, now }, cancellationToken: ct));
    }
}
