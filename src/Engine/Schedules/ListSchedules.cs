using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Schedules by name, with how they last went.</summary>
public sealed class ListSchedules(NpgsqlDataSource database)
{
    const string Sql = """
        select s.name, s.duty, s.cron, s.time_zone, s.misfire_policy, s.enabled, s.version, s.updated_at, f.fire_time, f.outcome
        from schedules s
        left join lateral (
            select fire_time, outcome from schedule_fires where name = s.name order by fire_time desc, fire_id desc limit 1
        ) f on true
        where (@name::text is null or s.name = @name) and (@after::text is null or s.name > @after)
        order by s.name
        limit @count
        """;

    /// <param name="after">The last name seen; null at the start.</param>
    public Task<IReadOnlyList<ListedSchedule>> RunAsync(string? after, int count, CancellationToken ct) => RunAsync(null, after, count, ct);

    /// <returns>Null when there is none of that name.</returns>
    public async Task<ListedSchedule?> FindAsync(string name, CancellationToken ct) => (await RunAsync(name, null, 1, ct)).SingleOrDefault();

    async Task<IReadOnlyList<ListedSchedule>> RunAsync(string? name, string? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<Schedule, LastFire, ListedSchedule>(
            new CommandDefinition(Sql, new { name, after, count }, cancellationToken: ct),
            (schedule, last) => new ListedSchedule(schedule, last?.FireTime, last?.Outcome), splitOn: "fire_time")];
    }

    sealed record LastFire(DateTimeOffset FireTime, string? Outcome);
}

/// <param name="LastFireAt">Null when it has never fired.</param>
/// <param name="LastOutcome">succeeded or failed; null before the first fire and while one runs.</param>
public sealed record ListedSchedule(Schedule Schedule, DateTimeOffset? LastFireAt, string? LastOutcome);
