using System.Globalization;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>What happened to one task, oldest first.</summary>
public sealed class ReadTimeline(NpgsqlDataSource database)
{
    static readonly string Sql = $"""
        {ListTasks.SteadyPlansSql}
        select exists (select from tasks where task_id = @taskId);
        select task_id, at, epoch, turn, part, event, actor, detail as detail_json, lane_id, state
        from ({TaskEvent.Sql(alias => $"{alias}.task_id = @taskId")}) e
        where @at::timestamptz is null or (at, epoch, turn, part) > (@at, @epoch, @turn, @part)
        order by at, epoch, turn, part
        limit @count
        """;

    /// <param name="after">The last event seen; null at the start.</param>
    /// <returns>Null when there is no such task.</returns>
    public async Task<IReadOnlyList<TaskEvent>?> RunAsync(Guid taskId, TimelinePlace? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(Sql,
            new { taskId, at = after?.At, epoch = after?.Epoch, turn = after?.Turn, part = after?.Part, count }, cancellationToken: ct));
        await grids.ReadAsync<string>();
        return await grids.ReadSingleAsync<bool>() ? [.. await grids.ReadAsync<TaskEvent>()] : null;
    }
}

/// <summary>The place of an event in a timeline.</summary>
public sealed record TimelinePlace(DateTimeOffset At, long Epoch, short Turn, string Part)
{
    public const int Keys = 4;

    public static string[] Key(TaskEvent e) =>
        [e.At.UtcDateTime.ToString("O"), e.Epoch.ToString(CultureInfo.InvariantCulture), e.Turn.ToString(CultureInfo.InvariantCulture), e.Part];

    /// <returns>Null when the texts are no such place.</returns>
    public static TimelinePlace? Read(IReadOnlyList<string> key) =>
        key.Count == Keys && DateTimeOffset.TryParseExact(key[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
        && long.TryParse(key[1], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) && short.TryParse(key[2], NumberStyles.None, CultureInfo.InvariantCulture, out var turn)
        && !key[3].Any(char.IsControl) ? new TimelinePlace(at.ToUniversalTime(), epoch, turn, key[3]) : null;
}
