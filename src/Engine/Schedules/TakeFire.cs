using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Begins a fire that waits: a manual one, or one that a stopping process gave back. One taker gets it.</summary>
public sealed class TakeFire(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        update schedule_fires f set started_at = @now
        from schedules s
        where f.fire_id = @fireId and f.started_at is null and s.name = f.name
        returning f.fire_id, f.name, s.duty, f.fire_time, f.manual, f.started_at
        """;

    /// <returns>Null when somebody else has it.</returns>
    public async Task<ScheduledFire?> RunAsync(Guid fireId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ScheduledFire>(new CommandDefinition(
            Sql, new { fireId, now = time.GetUtcNow() }, cancellationToken: ct));
    }
}
