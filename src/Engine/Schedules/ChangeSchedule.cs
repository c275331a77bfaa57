using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Changes a schedule that nobody has changed since it was read; every node follows within seconds.</summary>
public sealed class ChangeSchedule(NpgsqlDataSource database, TimeProvider time, RecordAudit audit, KeepSchedules keep, ILogger<ChangeSchedule> log)
{
    const string ReadSql = $"select {Schedule.Columns} from schedules where name = @name for update";
    const string WriteSql = """
        update schedules
        set cron = @Cron, time_zone = @TimeZone, misfire_policy = @MisfirePolicy, enabled = @Enabled, version = @Version, updated_at = @UpdatedAt
        where name = @Name and version = @Version - 1
        """;

    /// <param name="version">The version that the change was decided on.</param>
    /// <param name="actor">Who changes it, as the audit log names them.</param>
    public async Task<ScheduleChanged> RunAsync(
        string name, long version, ScheduleChange change, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var old = await connection.QuerySingleOrDefaultAsync<Schedule>(new CommandDefinition(ReadSql, new { name }, transaction, cancellationToken: ct));
        if (old is null) return new ScheduleChanged.NoSuchSchedule();
        if (old.Version != version) return new ScheduleChanged.Stale(old.Version);

        var now = time.GetUtcNow();
        var changed = change.ApplyTo(old);
        var problems = ScheduleChange.Problems(changed, now).ToArray();
        if (problems.Length > 0) return new ScheduleChanged.Refused(problems);
        if (changed == old) return new ScheduleChanged.Done(old);

        changed = changed with { Version = old.Version + 1, UpdatedAt = now };
        await connection.ExecuteAsync(new CommandDefinition(WriteSql, changed, transaction, cancellationToken: ct));
        await audit.RunAsync(connection, transaction,
            new AuditEntry(actor, "schedule.change", $"schedule:{name}", ScheduleChange.Details(old, changed), source), ct);
        await transaction.CommitAsync(ct);
        keep.Wake();
        log.Changed(name, changed.Version, actor);
        return new ScheduleChanged.Done(changed);
    }
}

public abstract record ScheduleChanged
{
    ScheduleChanged() { } // closed: the kinds below are all there are

    /// <summary>It is as was asked; with its old version when it had been so already.</summary>
    public sealed record Done(Schedule Schedule) : ScheduleChanged;
    public sealed record NoSuchSchedule : ScheduleChanged;
    /// <summary>Somebody else was quicker.</summary>
    public sealed record Stale(long Version) : ScheduleChanged;
    public sealed record Refused(IReadOnlyList<string> Problems) : ScheduleChanged;
}
