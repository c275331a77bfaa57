using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>
/// Deletes windows of budgets that were kept for a task, long after its last call, and what was told of budgets long ago. A window that money is granted in,
/// or whose task may still go on, stays: a task that came back to an empty window could spend its budget again.
/// </summary>
/// <param name="alive">Which of these tasks may still go on.</param>
public sealed class PruneTaskWindows(NpgsqlDataSource database, TasksAlive alive)
{
    // The key of such a window begins with the id of its task, or of the request where there is no task.
    const string OldSql = """
        select w.budget_id, w.window_key, w.opened_at, t.task_id
        from budget_windows w join cost_budgets b on b.budget_id = w.budget_id and b.period = 'task' cross join lateral (select left(w.window_key, 32)::uuid as task_id) t
        where w.opened_at < @before and (@at::timestamptz is null or (w.opened_at, w.budget_id, w.window_key) > (@at, @budgetId, @key)) and w.granted_usd = 0
        order by w.opened_at, w.budget_id, w.window_key limit @BatchRows
        """;

    // What a process holds of a window locks its row first; so nothing is granted in one between the look and the end of it.
    const string DeleteSql = """
        with old as materialized (
            select w.budget_id, w.window_key from budget_windows w join unnest(@budgetIds, @keys) o(budget_id, window_key) on o.budget_id = w.budget_id and o.window_key = w.window_key
            where w.granted_usd = 0
                and not exists (select from budget_slices s where s.budget_id = w.budget_id and s.window_key = w.window_key)
                and not exists (select from model_selections s where s.task_id = left(w.window_key, 32)::uuid
                    and (s.outcome = 'open' or greatest(s.requested_at, s.ended_at, s.settled_at) >= @before))
                and not exists (select from model_selections s where s.request_id = left(w.window_key, 32)::uuid and s.task_id is null
                    and (s.outcome = 'open' or greatest(s.requested_at, s.ended_at, s.settled_at) >= @before))
            for update of w skip locked
        )
        delete from budget_windows w using old where w.budget_id = old.budget_id and w.window_key = old.window_key
        """;

    const string EventsSql = "delete from budget_events where event_id in (select event_id from budget_events where at < @before order by at limit @BatchRows)";

    /// <summary>Rows that one transaction deletes at most.</summary>
    public int BatchRows { get; init; } = 500;

    /// <param name="before">Windows that nothing has changed since are deleted.</param>
    /// <returns>How many.</returns>
    public async Task<long> RunAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var deleted = 0L;
        for (OldWindow? last = null; ;)
        {
            var old = (await connection.QueryAsync<OldWindow>(new CommandDefinition(OldSql,
                new { before, at = last?.OpenedAt, budgetId = last?.BudgetId ?? Guid.Empty, key = last?.WindowKey ?? "", BatchRows }, cancellationToken: ct))).ToArray();
            if (old.Length == 0) return deleted;
            last = old[^1];
            var goOn = await alive([.. old.Select(w => w.TaskId).Distinct()], ct);
            var over = old.Where(w => !goOn.Contains(w.TaskId)).ToArray();
            if (over.Length > 0)
                deleted += await connection.ExecuteAsync(new CommandDefinition(DeleteSql,
                    new { before, budgetIds = over.Select(w => w.BudgetId).ToArray(), keys = over.Select(w => w.WindowKey).ToArray() }, cancellationToken: ct));
        }
    }

    /// <returns>How many events were deleted that lie before this.</returns>
    public async Task<long> ForgetEventsAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        long deleted = 0, rows;
        do deleted += rows = await connection.ExecuteAsync(new CommandDefinition(EventsSql, new { before, BatchRows }, cancellationToken: ct));
        while (rows == BatchRows);
        return deleted;
    }

    sealed record OldWindow(Guid BudgetId, string WindowKey, DateTimeOffset OpenedAt, Guid TaskId);
}

/// <returns>Those of the tasks that may still go on; ids of what is no task are none.</returns>
public delegate Task<IReadOnlySet<Guid>> TasksAlive(IReadOnlyList<Guid> tasks, CancellationToken ct);
