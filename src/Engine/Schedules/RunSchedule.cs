using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Asks for a fire now, also of a disabled schedule. The row is the request: some node takes it within seconds of the commit.</summary>
public sealed class RunSchedule(TimeProvider time, RecordAudit audit, ILogger<RunSchedule> log)
{
    // Those who ask at the same time stand in line at the schedule's row; the insert then sees what the one before has done.
    const string LockSql = "select name from schedules where name = @name for no key update";
    const string InsertSql = """
        insert into schedule_fires (fire_id, name, fire_time, manual)
        select @fireId, @name, @now, true
        where not exists (select from schedule_fires where name = @name and manual and outcome is null and started_at is null)
        returning fire_id, name, fire_time
        """;

    /// <param name="actor">Who asks for it, as the audit log names them.</param>
    public async Task<RunAsked> RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string actor, string? source, CancellationToken ct)
    {
        if (await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(LockSql, new { name }, transaction, cancellationToken: ct)) is null)
            return new RunAsked.NoSuchSchedule();
        var now = time.GetUtcNow();
        var fire = await connection.QuerySingleOrDefaultAsync<RequestedFire>(new CommandDefinition(
            InsertSql, new { fireId = Guid.CreateVersion7(now), name, now }, transaction, cancellationToken: ct));
        if (fire is null) return new RunAsked.AlreadyWaiting();
        await audit.RunAsync(connection, transaction,
            new AuditEntry(actor, "schedule.run", $"schedule:{name}", new() { ["fire_id"] = fire.FireId.ToString() }, source), ct);
        log.AskedFor(name, fire.FireId, actor);
        return new RunAsked.Waits(fire);
    }
}

public abstract record RunAsked
{
    RunAsked() { } // closed: the kinds below are all there are

    public sealed record Waits(RequestedFire Fire) : RunAsked;
    public sealed record NoSuchSchedule : RunAsked;
    /// <summary>A fire that was asked for before has not started yet: it will do.</summary>
    public sealed record AlreadyWaiting : RunAsked;
}

public sealed record RequestedFire(Guid FireId, string Name, DateTimeOffset FireTime);
