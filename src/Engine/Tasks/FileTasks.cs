using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Files tasks: one, or many in one go; all of them or none; alone, or in a caller's transaction.</summary>
public sealed class FileTasks(NpgsqlDataSource database, MoveTasks move, TimeProvider time, TaskKinds kinds, TaskLanes lanes, CheckFiling check,
    InsertTasks insert, TakeKeys takeKeys, AttachParents attachParents, PutTasks put, WakeWorkers wake)
{
    const string SlotsSql = """
        with limits as (
            insert into task_concurrency (concurrency_key, max_running) select * from unnest(@keys, @limits) order by 1
            on conflict (concurrency_key) do update set max_running = excluded.max_running, idle_since = null
            returning concurrency_key, max_running
        )
        insert into task_slots (concurrency_key, slot) select concurrency_key, generate_series(1, max_running) from limits
        on conflict (concurrency_key, slot) do nothing
        """;

    /// <summary>In a transaction of its own; workers are told at once.</summary>
    public async Task<Filing> RunAsync(IReadOnlyList<NewTask> tasks, string filedBy, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (check.Run(tasks, now) is { } refused) return refused;
        if (tasks.All(IsPlain)) return await FilePlainAsync(tasks, filedBy, now, ct);
        return await move.RunAsync(async (connection, transaction) =>
        {
            var filing = await FileAsync(connection, transaction, tasks, filedBy, now, ct);
            return (filing, filing is Filing.Done);
        }, ct);
    }

    /// <summary>In the caller's transaction: filed when that commits, which is also when workers are told.</summary>
    /// <returns>After a refusal the caller decides whether its transaction goes on; nothing of the tasks is in it.</returns>
    public async Task<Filing> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewTask> tasks, string filedBy, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return check.Run(tasks, now) ?? await FileAsync(connection, transaction, tasks, filedBy, now, ct);
    }

    static bool IsPlain(NewTask task) =>
        task is { TaskId: null, DedupKey: null, ConcurrencyKey: null, DueAt: null, DeadlineAt: null, DependsOn.Count: 0 };

    /// <summary>The usual case in one round trip.</summary>
    async Task<Filing> FilePlainAsync(IReadOnlyList<NewTask> tasks, string filedBy, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await RowsAsync(tasks, now, ct);
        var hint = wake.Hint(rows.Select(r => r.LaneId));
        await using var connection = await database.OpenConnectionAsync(ct);
        try
        {
            await insert.PlainAsync(connection, rows, filedBy, now, hint, ct);
        }
        catch (PostgresException e) when (MoveTasks.MetAnother(e))
        {
            await insert.PlainAsync(connection, rows, filedBy, now, hint, ct);
        }
        wake.After(hint);
        return new Filing.Done([.. rows.Select(r => new FiledTask(r.TaskId, true))]);
    }

    async Task<Filing> FileAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewTask> tasks, string filedBy, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await RowsAsync(tasks, now, ct);
        var own = rows.Select(r => r.TaskId).ToHashSet();
        var wanted = rows.SelectMany(r => r.Task.DependsOn).ToHashSet();
        var found = await attachParents.RunAsync(connection, transaction, wanted.Except(own), ct);
        if (found.Missing.Count > 0)
            return new Filing.Refused("no_such_parent", $"depends_on names {found.Missing.Count} tasks that do not exist: {string.Join(", ", found.Missing.Take(10))}.");

        var filed = new FiledTask?[rows.Count];
        await takeKeys.RunAsync(connection, transaction, rows, filed, ct);
        var fresh = rows.Where((_, i) => filed[i] is null).ToArray();
        var inserted = await insert.RunAsync(connection, transaction, fresh, filedBy, now, ct);
        await takeKeys.GiveBackAsync(connection, transaction, [.. fresh.Where(r => !inserted.Contains(r.TaskId))], ct);
        fresh = [.. fresh.Where(r => inserted.Contains(r.TaskId))];
        var standIns = rows.Select((r, i) => (r.TaskId, By: filed[i]?.TaskId ?? r.TaskId)).Where(r => !inserted.Contains(r.TaskId)).ToDictionary(r => r.TaskId, r => r.By);
        found.Add(await attachParents.RunAsync(connection, transaction, wanted.Where(standIns.ContainsKey).Select(p => standIns[p]).Except(inserted), ct));
        var parents = new AttachedParents(fresh, standIns, found);
        await insert.WaitingAsync(connection, transaction, [.. fresh.Where(r => parents.CountsOf(r).Open > 0)], parents, ct);
        var free = fresh.Where(r => parents.CountsOf(r).Open == 0).ToArray();
        await AddSlotsAsync(connection, transaction, fresh, ct);
        await put.DueAsync(connection, transaction, [.. free.Where(r => r.Task.DueAt > now).Select(r => (r.Row(parents), r.Task.DueAt!.Value))], "later", ct);
        var ready = free.Where(r => !(r.Task.DueAt > now)).ToArray();
        var woken = await put.ReadyAsync(connection, transaction, [.. ready.Select(r => r.Row(parents))], now, keepsSlot: false, avoidWorker: null, ct);
        await wake.InTransactionAsync(connection, transaction, woken, ct);
        return new Filing.Done([.. rows.Select((r, i) => filed[i] ?? new FiledTask(r.TaskId, inserted.Contains(r.TaskId)))]);
    }

    async Task<IReadOnlyList<FilingRow>> RowsAsync(IReadOnlyList<NewTask> tasks, DateTimeOffset now, CancellationToken ct)
    {
        var rows = new FilingRow[tasks.Count];
        // In order, so that the first is also the first by id, and the index grows at its end.
        var ids = ConsecutiveIds.From(Guid.CreateVersion7(now), rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            var task = tasks[i];
            if (i > 0 && IsOfSameLane(task, tasks[i - 1]))
            {
                rows[i] = new FilingRow(task.TaskId ?? ids[i], rows[i - 1].LaneId, task);
                continue;
            }
            var kind = kinds.Find(task.Kind)!;
            var requires = kind.Requires.Count == 0 ? task.Requires : task.Requires.Count == 0 ? kind.Requires : [.. kind.Requires, .. task.Requires];
            var lane = await lanes.NumberAsync(task.Kind, requires, task.Priority ?? kind.Priority, solo: false, ct);
            rows[i] = new FilingRow(task.TaskId ?? ids[i], lane, task);
        }
        return rows;
    }

    static bool IsOfSameLane(NewTask task, NewTask other) =>
        task.Kind == other.Kind && task.Priority == other.Priority && (ReferenceEquals(task.Requires, other.Requires) || task.Requires.SequenceEqual(other.Requires, StringComparer.Ordinal));

    static async Task AddSlotsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, CancellationToken ct)
    {
        var limits = rows.Where(r => r.Task.ConcurrencyKey is not null).GroupBy(r => r.Task.ConcurrencyKey!, StringComparer.Ordinal)
            .Select(g => (g.Key, g.Last().Task.ConcurrencyLimit)).ToArray();
        if (limits.Length == 0) return;
        await connection.ExecuteAsync(new CommandDefinition(SlotsSql,
            new { keys = limits.Select(l => l.Key).ToArray(), limits = limits.Select(l => l.ConcurrencyLimit).ToArray() }, transaction, cancellationToken: ct));
    }
}

/// <summary>A task on its way into the tables.</summary>
public sealed record FilingRow(Guid TaskId, int LaneId, NewTask Task)
{
    /// <param name="parents">Tells which of the filing have children in it.</param>
    public TaskRow Row(AttachedParents parents) => new(TaskId, 0, LaneId, 0, 0,
        (parents.HasChildren(TaskId) ? TaskFlags.HasChildren : 0)
        | (Task.DedupKey is null ? 0 : TaskFlags.HasDedupKey) | (Task.ConcurrencyKey is null ? 0 : TaskFlags.NeedsSlot));
}
