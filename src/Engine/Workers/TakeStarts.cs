using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// Takes starts out of a rate limit for one claim: one short update of the scope's row for all of them, so that the row stays cool.
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

    // It does not wait until it is on disk: others wait for the row. A server that crashes forgets the last half second, and the limit
    // has filled up by the time it has recovered, whatever it remembers.
    const string TakeSql = """
        with quick as materialized (
            select set_config('synchronous_commit', 'off', true)
        ), ready as materialized (
            select count(*)::integer as tasks from (
                select from unnest(@lanes, @marks) l(lane_id, mark)
                cross join lateral (select from task_ready r where r.lane_id = l.lane_id and r.seq >= l.mark limit @want) r limit @want
            ) t
        ), scope as (
            select r.scope, greatest(r.free_at, @now - r.burst / r.per_second * interval '1 second') as free_at, r.per_second, t.tasks
            from task_rates r cross join quick cross join ready t where r.scope = @scope and t.tasks > 0 for no key update of r
        ), granted as (
            select scope, free_at, per_second, least(tasks, floor(extract(epoch from @now - free_at)::double precision * per_second + 1e-6)::integer) as starts from scope
        )
        update task_rates r set free_at = g.free_at + g.starts / g.per_second * interval '1 second'
        from granted g where r.scope = g.scope and g.starts > 0
        returning g.scope, g.starts, g.free_at
        """;

    public async Task DefineAsync(string scope, double perSecond, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(DefineSql,
            new { scope, perSecond, burst = (int)Math.Max(1, Math.Ceiling(perSecond)), now = time.GetUtcNow() }, cancellationToken: ct));
    }

    /// <param name="lanes">Where the tasks are that would be started: no more is taken than are ready there.</param>
    /// <param name="marks">Their low-water marks; a lane that has none is looked at from its start.</param>
    /// <param name="want">Above 0.</param>
    /// <returns>What may be started, at most <paramref name="want"/>; null when nothing. What is not used is to be returned.</returns>
    public async Task<TakenStarts?> RunAsync(string scope, IReadOnlyCollection<TaskLane> lanes, IReadOnlyDictionary<int, long> marks, int want, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<TakenStarts>(new CommandDefinition(TakeSql, new
        {
            scope, want, now = time.GetUtcNow(), lanes = lanes.Select(l => l.LaneId).ToArray(), marks = lanes.Select(l => marks.GetValueOrDefault(l.LaneId)).ToArray(),
        }, cancellationToken: ct));
    }
}

/// <param name="Starts">Above 0.</param>
/// <param name="FreeAt">Up to when the rate had been given away before.</param>
public sealed record TakenStarts(string Scope, int Starts, DateTimeOffset FreeAt);
