using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>The fires of a schedule, newest first.</summary>
public sealed class ListFires(NpgsqlDataSource database)
{
    const string Sql = """
        select fire_id, fire_time, manual, started_at, finished_at, outcome, detail
        from schedule_fires
        where name = @name and (@fireTime::timestamptz is null or (fire_time, fire_id) < (@fireTime, @fireId))
        order by fire_time desc, fire_id desc
        limit @count
        """;

    /// <param name="after">Time and id of the last fire seen; null at the start.</param>
    /// <returns>Null when there is no such schedule.</returns>
    public async Task<IReadOnlyList<FireRow>?> RunAsync(string name, (DateTimeOffset FireTime, Guid FireId)? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from schedules where name = @name)", new { name }, cancellationToken: ct))) return null;
        return [.. await connection.QueryAsync<FireRow>(new CommandDefinition(
            Sql, new { name, fireTime = after?.FireTime, fireId = after?.FireId, count }, cancellationToken: ct))];
    }
}

/// <param name="StartedAt">Null while it waits.</param>
/// <param name="Outcome">succeeded or failed; null until it has finished.</param>
public sealed record FireRow(
    Guid FireId, DateTimeOffset FireTime, bool Manual, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, string? Outcome, string? Detail);
