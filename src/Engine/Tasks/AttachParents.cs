using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Finds the parents of tasks that are being filed, and marks the live ones: from here on their end looks after children.
/// A parent that moves or ends at the same moment is waited for, so none can end unseen.
/// </summary>
public sealed class AttachParents
{
    // Rows are locked in the order of their ids within each table; two filings that still meet crosswise are sorted out by PostgreSQL.
    const string MarkSql = """
        with ready as (update task_ready set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             leased as (update task_leases set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             due as (update task_due set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             held as (update task_held set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             waiting as (update task_waiting set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             gated as (update task_gated set flags = flags | 1 where task_id = any(@taskIds) returning task_id),
             parked as (update task_parked set flags = flags | 1 where task_id = any(@taskIds) returning task_id)
        select task_id from ready union all select task_id from leased union all select task_id from due union all select task_id from held
        union all select task_id from waiting union all select task_id from gated union all select task_id from parked
        """;

    const string EndSql = """
        select t.task_id, a.final_state
        from tasks t left join task_attempts a on a.task_id = t.task_id and a.final_state is not null and a.reopened_at is null
        where t.task_id = any(@taskIds)
        """;

    const int Passes = 20;

    public async Task<AttachedParents> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, CancellationToken ct)
    {
        var wanted = rows.SelectMany(r => r.Task.DependsOn).ToHashSet();
        var here = rows.Select(r => r.TaskId).Where(wanted.Contains).ToHashSet();
        var live = new HashSet<Guid>(here);
        var ended = new Dictionary<Guid, string>();
        var missing = new List<Guid>();
        var open = wanted.Except(here).Order().ToArray();
        for (var pass = 0; open.Length > 0; pass++)
        {
            live.UnionWith(await connection.QueryAsync<Guid>(new CommandDefinition(MarkSql, new { taskIds = open }, transaction, cancellationToken: ct)));
            open = [.. open.Where(o => !live.Contains(o))];
            if (open.Length == 0) break;
            var ends = (await connection.QueryAsync<(Guid TaskId, string? State)>(new CommandDefinition(EndSql, new { taskIds = open }, transaction, cancellationToken: ct)))
                .ToDictionary(e => e.TaskId, e => e.State);
            missing.AddRange(open.Where(o => !ends.ContainsKey(o)));
            foreach (var (taskId, state) in ends) if (state is not null) ended[taskId] = state;
            open = [.. open.Where(o => ends.TryGetValue(o, out var state) && state is null)]; // moved between the two looks
            if (pass == Passes) throw new TimeoutException($"{open.Length} parents moved {Passes} times while they were being marked.");
        }
        return new AttachedParents(rows, live, ended, missing);
    }
}

/// <summary>The parents of one filing, as they were found.</summary>
public sealed class AttachedParents(IReadOnlyList<FilingRow> rows, IReadOnlySet<Guid> live, IReadOnlyDictionary<Guid, string> ended, IReadOnlyList<Guid> missing)
{
    readonly HashSet<Guid> parentsHere = [.. rows.SelectMany(r => r.Task.DependsOn)];

    public IReadOnlyList<Guid> Missing => missing;

    public bool HasChildren(Guid taskId) => parentsHere.Contains(taskId);

    /// <returns>Each parent with how it has settled: null while it is open.</returns>
    public IEnumerable<(Guid Parent, string? Settled)> EdgesOf(FilingRow row) =>
        row.Task.DependsOn.Distinct().Select(p => (p, live.Contains(p) ? null : ended[p] == "succeeded" ? "succeeded" : "failed"));

    /// <returns>How many have not succeeded, and how many of those ended otherwise.</returns>
    public (int Open, int Failed) CountsOf(FilingRow row)
    {
        var edges = EdgesOf(row).ToArray();
        return (edges.Count(e => e.Settled != "succeeded"), edges.Count(e => e.Settled == "failed"));
    }
}
