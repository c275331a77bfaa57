using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Reads how a task failed, and what else of its kind failed lately.</summary>
public sealed class ReadFailure(NpgsqlDataSource database, TimeProvider time)
{
    static readonly TimeSpan Lately = TimeSpan.FromHours(24);
    const int MostNamed = 10;

    const string KindSql = "select l.kind from tasks t join task_lanes l on l.lane_id = t.lane_id where t.task_id = @taskId";

    const string AttemptsSql = """
        select epoch, ended_at, worker_id, fault, error from task_attempts where task_id = @taskId order by epoch desc limit 1000
        """;

    const string EventsSql = """
        select event, count(*)::integer from (select event from task_notes where task_id = @taskId order by note_id desc limit 10000) n group by event order by event
        """;

    const string SimilarSql = """
        select a.task_id, max(a.ended_at) as last_at, bool_or(a.error is not distinct from @error) as is_same from (
            select f.task_id, f.ended_at, f.error from (select lane_id from task_lanes where kind = @kind) l cross join lateral (
                select task_id, ended_at, error from task_attempts
                where lane_id = l.lane_id and fault is not null and ended_at > @since order by ended_at desc limit 1000) f
            order by f.ended_at desc limit 1000
        ) a where a.task_id <> @taskId group by a.task_id
        """;

    /// <returns>Null when there is no such task.</returns>
    public async Task<FailureFound?> RunAsync(Guid taskId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        CommandDefinition Command(string sql, object? parameters = null) => new(sql, parameters ?? new { taskId }, cancellationToken: ct);

        if (await connection.ExecuteScalarAsync<string?>(Command(KindSql)) is not { } kind) return null;
        var attempts = (await connection.QueryAsync<Attempt>(Command(AttemptsSql))).Reverse().ToArray();
        var failed = attempts.Where(a => a.Fault is not null).Select(a => new FailedAttempt(a.Epoch, a.EndedAt, a.WorkerId, a.Fault!, a.Error)).ToArray();
        var events = await connection.QueryAsync<(string Event, int Count)>(Command(EventsSql));
        var last = failed.LastOrDefault();
        var others = await connection.QueryAsync<Other>(Command(SimilarSql, new { taskId, kind, error = last?.Error, since = time.GetUtcNow() - Lately }));
        var similar = Similar([.. others]);
        var faults = failed.CountBy(f => f.Fault).ToDictionary(f => f.Key, f => f.Value);
        var workers = failed.Where(f => f.WorkerId is not null).Select(f => f.WorkerId!.Value).Distinct().Order().ToArray();
        return new FailureFound(taskId, kind, FailureFound.Summarise(kind, faults, workers, similar), attempts.Length, faults, failed.FirstOrDefault(), last, workers,
            events.ToDictionary(e => e.Event, e => e.Count), similar);
    }

    static SimilarFailures Similar(IReadOnlyList<Other> others) => new(others.Count, others.Count(o => o.IsSame),
        [.. others.OrderByDescending(o => o.IsSame).ThenByDescending(o => o.LastAt).Take(MostNamed).Select(o => o.TaskId)]);

    sealed record Attempt(long Epoch, DateTimeOffset EndedAt, long? WorkerId, string? Fault, string? Error);

    sealed record Other(Guid TaskId, DateTimeOffset LastAt, bool IsSame);
}
