using Dapper;
using Npgsql;

namespace Engine.Tasks.Events;

/// <summary>
/// Reads what has happened to tasks since the last look, or in a window of time. An event's time is taken before its
/// transaction commits: so each look reaches back to before the oldest transaction that was open at the one before, and takes
/// what that one cannot have seen.
/// </summary>
public sealed class ReadEvents(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The longest from taking an event's time to the begin of its transaction: the wait for a connection, and more.</summary>
    static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    /// <summary>A transaction that stays open for longer must not make every look longer too.</summary>
    static readonly TimeSpan LongestTransaction = TimeSpan.FromMinutes(5);

    // Which index is the right one shows only in the values: a plan for any values would walk through all tasks of the range.
    const string PlansSql = $"{ListTasks.SteadyPlansSql}select set_config('plan_cache_mode', 'force_custom_plan', true);";

    // Read before the events are: what begins later has later times, what ends in between is in the list or among the events.
    const string CursorSql = """
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
            least(oldest_transaction(), (select min(xact_start) from pg_stat_activity where usename = session_user and pid <> pg_backend_pid())) as oldest;
        """;

    static readonly string SinceSql = EventsSql(c => $"{c.Time} >= @from and ((({c.Alias}.xmin)::text::bigint - @xmin) & 4294967295) < 2147483648 and {c.Alias}.task_id >= @first and {c.Alias}.task_id < @before and {c.IsOfKind}");
    static readonly string SinceOfTasksSql = EventsSql(c => $"{c.Alias}.task_id = any(@taskIds) and {c.Time} >= @from and ((({c.Alias}.xmin)::text::bigint - @xmin) & 4294967295) < 2147483648 and {c.IsOfKind}");
    static readonly string WindowSql = EventsSql(c => $"{c.Time} >= @from and {c.Time} < @to and {c.IsOfKind}");
    static readonly string WindowOfTasksSql = EventsSql(c => $"{c.Alias}.task_id = any(@taskIds) and {c.Time} >= @from and {c.Time} < @to and {c.IsOfKind}");

    /// <summary>Where to begin: what happens from now on comes after it.</summary>
    public async Task<EventCursor> BeginAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return Cursor(await connection.QuerySingleAsync<Seen>(new CommandDefinition(CursorSql, cancellationToken: ct)), now);
    }

    /// <param name="filter">States are for the caller to look at.</param>
    /// <param name="most">Events to take; beyond that the pass is cut.</param>
    /// <returns>In the order of time. The same event may come again in the next pass.</returns>
    public async Task<EventPass> RunAsync(EventCursor cursor, TaskRange range, EventFilter filter, int most, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(
            $"{PlansSql}{CursorSql}{(filter.TaskIds.Count > 0 ? SinceOfTasksSql : SinceSql)}",
            new { from = cursor.From, xmin = cursor.Xmin, first = range.First, before = range.Before, kinds = Kinds(filter), taskIds = filter.TaskIds.ToArray(), most = most + 1 }, cancellationToken: ct));
        await grids.ReadAsync<string>();
        await grids.ReadAsync<string>();
        var seen = await grids.ReadSingleAsync<Seen>();
        var events = (await grids.ReadAsync<TaskEvent>()).AsList();
        // A claim that ended before this cursor was seen as a lease; one of before somebody looked at all is nobody's.
        events.RemoveAll(e => e.At < cursor.From);
        return new EventPass(Sorted(events), Cursor(seen, now), events.Count > most);
    }

    /// <summary>What happened from a moment up to another, which must be one that a cursor has named.</summary>
    /// <returns>In the order of time; null when it is more than asked for. Claims come with their end, whenever they were made.</returns>
    public async Task<IReadOnlyList<TaskEvent>?> WindowAsync(DateTimeOffset from, DateTimeOffset to, EventFilter filter, int most, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var grids = await connection.QueryMultipleAsync(new CommandDefinition(
            $"{PlansSql}{(filter.TaskIds.Count > 0 ? WindowOfTasksSql : WindowSql)}",
            new { from, to, kinds = Kinds(filter), taskIds = filter.TaskIds.ToArray(), most = (long)most + 1 }, cancellationToken: ct));
        await grids.ReadAsync<string>();
        await grids.ReadAsync<string>();
        var events = (await grids.ReadAsync<TaskEvent>()).AsList();
        return events.Count > most ? null : Sorted(events);
    }

    static List<TaskEvent> Sorted(List<TaskEvent> events)
    {
        events.Sort((a, b) => (a.At, a.Epoch, a.Turn).CompareTo((b.At, b.Epoch, b.Turn)));
        return events;
    }

    static EventCursor Cursor(Seen seen, DateTimeOffset now)
    {
        var oldest = seen.Oldest is { } open && open < now ? open : now;
        if (oldest < now - LongestTransaction) oldest = now - LongestTransaction;
        return new EventCursor(oldest - Slack, seen.Xmin);
    }

    static string[]? Kinds(EventFilter filter) => filter.Kinds.Count == 0 ? null : [.. filter.Kinds];

    static string EventsSql(Func<Columns, string> where) => $"""
        select task_id, at, epoch, turn, part, event, actor, detail as detail_json, lane_id, state
        from ({TaskEvent.Sql(alias => where(new Columns(alias)))}) e
        limit @most
        """;

    sealed record Seen(long Xmin, DateTimeOffset? Oldest);

    /// <summary>What one of the tables calls what all of them have.</summary>
    readonly record struct Columns(char Alias)
    {
        public string Time => Alias switch
        {
            't' => "t.filed_at", 'l' => "l.claimed_at", 'a' => "a.ended_at", 'o' => "o.opened_at", 'd' => "d.decided_at", _ => "n.noted_at",
        };

        // Looked for as part of the reading: a lane may be new, and a task in it older than what the next look takes.
        public string IsOfKind => $"(@kinds::text[] is null or {(Alias is 'l' or 'a' ? Alias : 't')}.lane_id = any(array(select lane_id from task_lanes where kind = any(@kinds))))";
    }
}
