using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// How many workers have died with tasks since they were filed, retried or redriven. A lost lease proves no death: its worker may have
/// been frozen or cut off. One whose process said later that it lives is offline; those that nobody has heard of since are failed.
/// </summary>
public sealed class CountDeaths
{
    // A row counts its losses from where it was last begun anew: they are the latest of its attempts that were lost.
    const string Sql = """
        select s.task_id, count(*)::integer as deaths, count(distinct a.worker_id)::integer as workers
        from unnest(@taskIds, @losses) s(task_id, losses)
        cross join lateral (
            select worker_id from task_attempts where task_id = s.task_id and outcome = 'lost' order by epoch desc limit s.losses
        ) a
        join workers w on w.worker_id = a.worker_id
        where w.state = 'failed' and w.worker_id <> @workerId
        group by s.task_id
        """;

    /// <param name="lost">Rows as they were before this loss.</param>
    /// <param name="workerId">Who was lost now, and counts as dead.</param>
    /// <returns>Deaths and the workers they were of, this one included, by task.</returns>
    public async Task<IReadOnlyDictionary<Guid, (int Deaths, int Workers)>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<TaskRow> lost,
        long workerId, CancellationToken ct)
    {
        var counts = lost.ToDictionary(r => r.TaskId, _ => (Deaths: 1, Workers: 1));
        if (counts.Count == 0) return counts;
        foreach (var before in await connection.QueryAsync<Counted>(new CommandDefinition(Sql,
            new { taskIds = lost.Select(r => r.TaskId).ToArray(), losses = lost.Select(r => r.Losses).ToArray(), workerId }, transaction, cancellationToken: ct)))
            counts[before.TaskId] = (before.Deaths + 1, before.Workers + 1);
        return counts;
    }

    sealed record Counted(Guid TaskId, int Deaths, int Workers);
}
