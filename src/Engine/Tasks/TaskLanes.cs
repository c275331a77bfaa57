using System.Collections.Concurrent;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>The lanes, by number and by what they stand for. They are only ever added, so what is known once stays true.</summary>
public sealed class TaskLanes(NpgsqlDataSource database)
{
    const string FindSql = "select lane_id from task_lanes where kind = @kind and requires = @requires and priority = @priority and solo = @solo";

    // Found first, so that numbers are not used up; on a race the other's row is found next time round.
    const string AddSql = """
        insert into task_lanes (kind, requires, priority, solo) values (@kind, @requires, @priority, @solo)
        on conflict (kind, requires, priority, solo) do nothing
        """;

    const string AllSql = "select lane_id, kind, requires, priority, solo from task_lanes where lane_id > @known order by lane_id";

    readonly ConcurrentDictionary<string, int> numbers = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<int, TaskLane> lanes = [];
    volatile int readUpTo; // not the highest that is known: those below one that was found by name may not be

    /// <summary>The lane's number, made when there is none yet; in a transaction of its own, for others to use at once.</summary>
    /// <param name="requires">Capabilities, in any order.</param>
    public async ValueTask<int> NumberAsync(string kind, IReadOnlyList<string> requires, TaskPriority priority, bool solo, CancellationToken ct)
    {
        string[] sorted = requires.Count == 0 ? [] : [.. requires.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var key = $"{kind} {(short)priority} {solo} {string.Join(' ', sorted)}";
        if (numbers.TryGetValue(key, out var known)) return known;
        await using var connection = await database.OpenConnectionAsync(ct);
        var parameters = new { kind, requires = sorted, priority = (short)priority, solo };
        while (true)
        {
            var found = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(FindSql, parameters, cancellationToken: ct));
            if (found is { } number)
            {
                lanes[number] = new TaskLane(number, kind, sorted, priority, solo);
                return numbers[key] = number;
            }
            await connection.ExecuteAsync(new CommandDefinition(AddSql, parameters, cancellationToken: ct));
        }
    }

    /// <summary>What a lane stands for.</summary>
    public async ValueTask<TaskLane> FindAsync(int laneId, CancellationToken ct)
    {
        if (lanes.TryGetValue(laneId, out var known)) return known;
        await RefreshAsync(ct);
        return lanes.TryGetValue(laneId, out known) ? known : throw new InvalidOperationException($"There is no lane {laneId}.");
    }

    /// <summary>The lane of the same tasks that run one at a time.</summary>
    public async ValueTask<int> SoloAsync(int laneId, CancellationToken ct)
    {
        var lane = await FindAsync(laneId, ct);
        return lane.Solo ? laneId : await NumberAsync(lane.Kind, lane.Requires, lane.Priority, solo: true, ct);
    }

    /// <summary>The lane of the same tasks that run as any others do.</summary>
    public async ValueTask<int> SharedAsync(int laneId, CancellationToken ct)
    {
        var lane = await FindAsync(laneId, ct);
        return lane.Solo ? await NumberAsync(lane.Kind, lane.Requires, lane.Priority, solo: false, ct) : laneId;
    }

    /// <summary>Reads the lanes that were added since.</summary>
    public async Task<IReadOnlyCollection<TaskLane>> RefreshAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await RefreshAsync(connection, ct);
    }

    /// <summary>The same over a connection of the caller's.</summary>
    public async Task<IReadOnlyCollection<TaskLane>> RefreshAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // Numbers may become visible out of order: the last few are read again.
        var known = Math.Max(0, readUpTo - 100);
        foreach (var row in await connection.QueryAsync<Row>(new CommandDefinition(AllSql, new { known }, cancellationToken: ct)))
        {
            lanes[row.LaneId] = new TaskLane(row.LaneId, row.Kind, (string[])row.Requires, (TaskPriority)row.Priority, row.Solo);
            readUpTo = Math.Max(readUpTo, row.LaneId);
        }
        return [.. lanes.Values];
    }

    // Dapper sees every array column as an Array.
    sealed record Row(int LaneId, string Kind, Array Requires, short Priority, bool Solo);
}

/// <param name="Requires">Sorted.</param>
/// <param name="Solo">For tasks that have lost two workers: one at a time on each worker.</param>
public sealed record TaskLane(int LaneId, string Kind, IReadOnlyList<string> Requires, TaskPriority Priority, bool Solo);
