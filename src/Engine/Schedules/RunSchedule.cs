using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Asks for a fire now, also of a disabled schedule. The row is the request: some node takes it within seconds of the commit.</summary>
public sealed class RunSchedule(TimeProvider time, RecordAudit audit, ILogger<RunSchedule> log)
{
    const string Sql = """
        insert into schedule_fires (fire_id, name, fire_time, manual)
        select @fireId, name, @now, true from schedules where name = @name
        returning fire_id, name, fire_time
        """;

    /// <param name="actor">Who asks for it, as the audit log names them.</param>
    /// <returns>Null when there is no such schedule.</returns>
    public async Task<RequestedFire?> RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string actor, string? source, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var fire = await connection.QuerySingleOrDefaultAsync<RequestedFire>(new CommandDefinition(
            Sql, new { fireId = Guid.CreateVersion7(now), name, now }, transaction, cancellationToken: ct));
        if (fire is null) return null;
        await audit.RunAsync(connection, transaction,
            new AuditEntry(actor, "schedule.run", $"schedule:{name}", new() { ["fire_id"] = fire.FireId.ToString() }, source), ct);
        log.AskedFor(name, fire.FireId, actor);
        return fire;
    }
}

public sealed record RequestedFire(Guid FireId, string Name, DateTimeOffset FireTime);
