using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>
/// Errors whose task somebody has approved as dealt with count as resolved from then on: when they come again, that is a regression. What was cancelled, rejected or given up
/// resolves nothing: the error may well go on.
/// </summary>
public sealed class CloseFindings(NpgsqlDataSource database)
{
    const string Sql = """
        with ended as (
            select f.finding_id, f.kind, f.group_key, a.ended_at, a.final_state = 'succeeded' and a.result ->> 'decision' = 'approved' as is_dealt_with
            from log_findings f join task_attempts a on a.task_id = f.task_id and a.final_state is not null and a.reopened_at is null
            where f.task_id is not null and f.closed_at is null
            order by f.finding_id limit 500 for update of f skip locked
        ), closed as (
            update log_findings f set closed_at = e.ended_at from ended e where f.finding_id = e.finding_id
        ), errors as (
            select group_key, ended_at from ended where kind <> 'storm' and is_dealt_with
            union all
            select m.group_key, e.ended_at from ended e join log_storm_members m using (finding_id) where e.is_dealt_with
        )
        update error_fingerprints r set resolved_at = e.ended_at, resolved_in = null, resolved_by = 'its task'
        from (select group_key, max(ended_at) as ended_at from errors group by group_key) e
        where r.fingerprint = e.group_key and (r.resolved_at is null or r.resolved_at < e.ended_at)
        """;

    /// <returns>How many errors were resolved.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(Sql, cancellationToken: ct));
    }
}
