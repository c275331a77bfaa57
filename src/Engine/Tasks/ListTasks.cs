using System.Data;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Tasks, newest id first. What a page costs is bounded however many tasks there are: it is read from the table of the state
/// that is asked for, and ends short when few of many rows are of the kind that is asked for.
/// </summary>
public sealed class ListTasks(NpgsqlDataSource database, TaskLanes lanes)
{
    // Plans must not follow statistics of tables that swing between empty and millions, and compiling them takes longer than
    // running them; for this transaction alone.
    internal const string SteadyPlansSql = "select set_config('enable_seqscan', 'off', true) || set_config('jit', 'off', true);";

    static readonly Guid Lowest = Guid.Empty, Highest = Guid.AllBitsSet;

    /// <param name="before">The last id seen; null at the start.</param>
    public async Task<TaskPage> RunAsync(TaskFilter filter, Guid? before, int count, CancellationToken ct)
    {
        var sources = TaskSource.Of(filter);
        int[] asked = filter is { State: TaskState.Pending, IsByKey: false, HasLanes: true } ? await LanesAsync(filter, ct) : [];
        await using var connection = await database.OpenConnectionAsync(ct);
        // One snapshot: what moves meanwhile is neither missed nor shown twice.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        if (asked.Length > 0 && await connection.ExecuteScalarAsync<bool>(new CommandDefinition(TaskSource.FewSql, new { lanes = asked }, transaction, cancellationToken: ct)))
            sources = [TaskSource.FewReady, .. sources.Skip(1)];
        var end = Earlier(before, filter.FiledBefore is { } until ? FirstIdOf(until) : null) ?? Highest;
        var parameters = new
        {
            before = end, after = filter.FiledAfter is { } from ? FirstIdOf(from) : Lowest, count, lanes = asked,
            kind = filter.Kind, priority = (short?)filter.Priority, state = filter.State?.Name(), dedupKey = filter.DedupKey, originId = filter.OriginId,
        };
        var rows = await ReadAsync(connection, transaction, $"{SteadyPlansSql} with page as materialized ({TaskSource.PageSql(sources, filter)}){ListedTask.Sql}", parameters, ct);
        if (rows.Count == count || !filter.IsSelective) return new TaskPage(rows, null);
        var frontier = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(TaskSource.FrontierSql(sources), parameters, transaction, cancellationToken: ct));
        return frontier is { } tried ? new TaskPage([.. rows.Where(r => r.TaskId.CompareTo(tried) >= 0)], tried) : new TaskPage(rows, null);
    }

    internal static async Task<IReadOnlyList<ListedTask>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, object parameters, CancellationToken ct)
    {
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
        await grids.ReadAsync<string>();
        return [.. await grids.ReadAsync<ListedTask>()];
    }

    async Task<int[]> LanesAsync(TaskFilter filter, CancellationToken ct) => [.. (await lanes.RefreshAsync(ct))
        .Where(l => (filter.Kind ?? l.Kind) == l.Kind && (filter.Priority ?? l.Priority) == l.Priority).Select(l => l.LaneId)];

    /// <summary>The first 48 bits of an id are the milliseconds of its making.</summary>
    internal static Guid FirstIdOf(DateTimeOffset moment)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(0, moment.ToUnixTimeMilliseconds()) << 16);
        return new Guid(bytes, bigEndian: true);
    }

    static Guid? Earlier(Guid? a, Guid? b) => a is { } x && b is { } y ? (x.CompareTo(y) < 0 ? x : y) : a ?? b;
}

/// <summary>Exact matches; null matches all.</summary>
/// <param name="FiledAfter">From then on, by the time in the id: when it was filed, unless whoever filed it chose another id.</param>
/// <param name="FiledBefore">Up to then, without it.</param>
public sealed record TaskFilter(TaskState? State = null, string? Kind = null, TaskPriority? Priority = null, string? DedupKey = null, Guid? OriginId = null,
    DateTimeOffset? FiledAfter = null, DateTimeOffset? FiledBefore = null)
{
    public bool IsByKey => DedupKey is not null || OriginId is not null;

    public bool HasLanes => Kind is not null || Priority is not null;

    /// <summary>Whether rows of the table that is read may be none of those that are asked for.</summary>
    public bool IsSelective => HasLanes || IsByKey
        || State is TaskState.WaitingDependency or TaskState.Blocked or TaskState.WaitingApproval or TaskState.WaitingSignal or TaskState.Succeeded;
}

/// <param name="TriedTo">Where the search stopped before the page was full; null when it is full, or there are no more.</param>
public sealed record TaskPage(IReadOnlyList<ListedTask> Tasks, Guid? TriedTo);
