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

    // Locked, so that a parent that is being brought back is waited for, and none is brought back before this is committed.
    const string EndSql = """
        select task_id, final_state from task_attempts where task_id = any(@taskIds) and final_state is not null and reopened_at is null
        order by task_id for share
        """;

    const string KnownSql = "select task_id from tasks where task_id = any(@taskIds)";

    const int Passes = 20;

    public async Task<FoundParents> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<Guid> parents, CancellationToken ct)
    {
        var found = new FoundParents();
        var open = parents.Distinct().Order().ToArray();
        for (var pass = 0; open.Length > 0; pass++)
        {
            if (pass == Passes) throw new TimeoutException($"{open.Length} parents moved {Passes} times while they were being marked.");
            foreach (var parent in await connection.QueryAsync<Guid>(new CommandDefinition(MarkSql, new { taskIds = open }, transaction, cancellationToken: ct)))
                found.Settled[parent] = null;
            open = [.. open.Where(o => !found.Settled.ContainsKey(o))];
            if (open.Length == 0) break;
            foreach (var (parent, state) in await connection.QueryAsync<(Guid, string)>(new CommandDefinition(EndSql, new { taskIds = open }, transaction, cancellationToken: ct)))
                found.Settled[parent] = state == "succeeded" ? "succeeded" : "failed";
            open = [.. open.Where(o => !found.Settled.ContainsKey(o))];
            if (open.Length == 0) break;
            var known = (await connection.QueryAsync<Guid>(new CommandDefinition(KnownSql, new { taskIds = open }, transaction, cancellationToken: ct))).ToHashSet();
            found.Missing.AddRange(open.Where(o => !known.Contains(o)));
            open = [.. open.Where(known.Contains)]; // moved between the two looks
        }
        return found;
    }
}

/// <summary>What was found of tasks that others depend on.</summary>
public sealed class FoundParents
{
    /// <summary>How each has settled: succeeded, failed, or null while it is open.</summary>
    public Dictionary<Guid, string?> Settled { get; } = [];

    public List<Guid> Missing { get; } = [];

    public void Add(FoundParents other)
    {
        foreach (var (parent, settled) in other.Settled) Settled[parent] = settled;
        Missing.AddRange(other.Missing);
    }
}

/// <summary>The parents of one filing, as they were found.</summary>
/// <param name="fresh">The tasks that are new.</param>
/// <param name="standIns">By id, who stands in for tasks of the filing that are not new: the holder of their dedup key, or an older task of the id itself.</param>
/// <param name="found">All parents that are not new.</param>
public sealed class AttachedParents(IReadOnlyList<FilingRow> fresh, IReadOnlyDictionary<Guid, Guid> standIns, FoundParents found)
{
    readonly HashSet<Guid> parentsHere = [.. fresh.SelectMany(r => r.Task.DependsOn).Select(p => standIns.GetValueOrDefault(p, p))];

    public bool HasChildren(Guid taskId) => parentsHere.Contains(taskId);

    /// <returns>Each parent with how it has settled: null while it is open.</returns>
    public IEnumerable<(Guid Parent, string? Settled)> EdgesOf(FilingRow row) =>
        row.Task.DependsOn.Select(p => standIns.GetValueOrDefault(p, p)).Distinct().Select(p => (p, found.Settled.GetValueOrDefault(p)));

    /// <returns>How many have not succeeded, and how many of those ended otherwise.</returns>
    public (int Open, int Failed) CountsOf(FilingRow row)
    {
        var edges = EdgesOf(row).ToArray();
        return (edges.Count(e => e.Settled != "succeeded"), edges.Count(e => e.Settled == "failed"));
    }
}
