using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// How much slower a worker is than the others, kind by kind: tasks of different kinds take different times, so only the same
/// kind is compared, and only where at least two others have run it.
/// </summary>
public sealed class ReadSlowness(NpgsqlDataSource database)
{
    const string Sql = """
        with runs as (
            select w.worker_id, r.key as kind, r.value::double precision as ms
            from workers w cross join lateral jsonb_each_text(w.kind_run_ms) r
            where w.state in ('idle', 'busy')
        ), others as (
            select kind, percentile_cont(0.5) within group (order by ms) as ms from runs where worker_id <> @workerId group by kind having count(*) >= 2
        )
        select percentile_cont(0.5) within group (order by own.ms / greatest(others.ms, 1))
        from runs own join others on others.kind = own.kind
        where own.worker_id = @workerId
        """;

    /// <returns>The median over its kinds of its own mean run time as a multiple of the others' median (of 1 ms at least); null when nothing can be compared.</returns>
    public async Task<double?> RunAsync(long workerId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<double?>(new CommandDefinition(Sql, new { workerId }, cancellationToken: ct));
    }
}
