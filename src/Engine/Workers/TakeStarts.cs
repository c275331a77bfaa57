using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// Takes a share of a rate limit for this worker: one update of the scope's row for many starts, so that the row stays cool.
/// The generic cell rate algorithm (ITU-T I.371): <c>free_at</c> says up to when the rate has been given away; a scope that was idle may catch up one second.
/// </summary>
public sealed class TakeStarts(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>All kinds together.</summary>
    public const string Everything = "*";

    const string DefineSql = """
        insert into task_rates (scope, per_second, burst, free_at) values (@scope, @perSecond, @burst, @now)
        on conflict (scope) do update set per_second = excluded.per_second, burst = excluded.burst
        where task_rates.per_second <> excluded.per_second or task_rates.burst <> excluded.burst
        """;

    const string TakeSql = """
        with scope as (
            select scope, greatest(free_at, @now - burst / per_second * interval '1 second') as free_at, per_second from task_rates
            where scope = @scope and exists (select from task_ready where lane_id = any(@lanes)) for update
        ), granted as (
            select scope, free_at, per_second, greatest(0, least(@want, floor(extract(epoch from @now - free_at)::double precision * per_second + 1e-6)::integer)) as starts from scope
        )
        update task_rates r set free_at = g.free_at + g.starts / g.per_second * interval '1 second'
        from granted g where r.scope = g.scope and g.starts > 0
        returning g.starts
        """;

    public async Task DefineAsync(string scope, double perSecond, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(DefineSql,
            new { scope, perSecond, burst = (int)Math.Max(1, Math.Ceiling(perSecond)), now = time.GetUtcNow() }, cancellationToken: ct));
    }

    /// <param name="lanes">Where there must be something to start; else nothing is taken.</param>
    /// <returns>How many may be started, 0 to <paramref name="want"/>.</returns>
    public async Task<int> RunAsync(string scope, int[] lanes, int want, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<int?>(new CommandDefinition(TakeSql, new { scope, lanes, want, now = time.GetUtcNow() }, cancellationToken: ct)) ?? 0;
    }
}
