using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Files tasks: one, or many in one go; all of them or none; alone, or in a caller's transaction.</summary>
public sealed class FileTasks(NpgsqlDataSource database, TimeProvider time, TaskKinds kinds, TaskLanes lanes, CheckFiling check,
    InsertTasks insert, AttachParents attachParents, PutTasks put, WakeWorkers wake)
{
    const int Tries = 4;

    const string KeysSql = """
        insert into task_keys (dedup_key, task_id) select * from unnest(@keys, @taskIds) order by 1
        on conflict (dedup_key) do nothing returning dedup_key
        """;

    // Nobody can end the holder between the look and this transaction's end: the key's row stays locked.
    const string HolderSql = "select dedup_key, task_id from task_keys where dedup_key = any(@keys) for share";

    const string SlotsSql = """
        with limits as (
            insert into task_concurrency (concurrency_key, max_running) select * from unnest(@keys, @limits) order by 1
            on conflict (concurrency_key) do update set max_running = excluded.max_running
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
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                var filing = await FileAsync(connection, transaction, tasks, filedBy, now, ct);
                if (filing is Filing.Done) await transaction.CommitAsync(ct);
                return filing;
            }
            catch (PostgresException e) when (attempt < Tries && e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // Two filings met at the same parents: the other one goes first.
            }
        }
    }

    /// <summary>In the caller's transaction: filed when that commits, which is also when workers are told.</summary>
    /// <returns>After a refusal the caller decides whether its transaction goes on; nothing of the tasks is in it.</returns>
    public async Task<Filing> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewTask> tasks, string filedBy, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return check.Run(tasks, now) ?? await FileAsync(connection, transaction, tasks, filedBy, now, ct);
    }

    static bool IsPlain(NewTask task) =>
        task is { TaskId: null, DedupKey: null, ConcurrencyKey: null, DueAt: null, DependsOn.Count: 0 };

    /// <summary>The usual case in one round trip.</summary>
    async Task<Filing> FilePlainAsync(IReadOnlyList<NewTask> tasks, string filedBy, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await RowsAsync(tasks, now, ct);
        var hint = wake.Hint(rows.Select(r => r.LaneId));
        await using var connection = await database.OpenConnectionAsync(ct);
        await insert.PlainAsync(connection, rows, filedBy, now, hint, ct);
        wake.After(hint);
        return new Filing.Done([.. rows.Select(r => new FiledTask(r.TaskId, true))]);
    }

    async Task<Filing> FileAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewTask> tasks, string filedBy, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await RowsAsync(tasks, now, ct);
        var parents = await attachParents.RunAsync(connection, transaction, rows, ct);
        if (parents.Missing.Count > 0)
            return new Filing.Refused("no_such_parent", $"depends_on names {parents.Missing.Count} tasks that do not exist: {string.Join(", ", parents.Missing.Take(10))}.");

        var filed = new FiledTask?[rows.Count];
        await FindHoldersAsync(connection, transaction, rows, filed, ct);
        var fresh = rows.Where((_, i) => filed[i] is null).ToArray();
        var inserted = await insert.RunAsync(connection, transaction, fresh, filedBy, now, ct);
        fresh = [.. fresh.Where(r => inserted.Contains(r.TaskId))];
        await insert.WaitingAsync(connection, transaction, [.. fresh.Where(r => parents.CountsOf(r).Open > 0)], parents, ct);
        var free = fresh.Where(r => parents.CountsOf(r).Open == 0).ToArray();
        await AddSlotsAsync(connection, transaction, fresh, ct);
        foreach (var later in free.Where(r => r.Task.DueAt > now))
            await put.DueAsync(connection, transaction, later.Row(parents), later.Task.DueAt!.Value, "later", ct);
        var ready = free.Where(r => !(r.Task.DueAt > now)).ToArray();
        await put.ReadyAsync(connection, transaction, [.. ready.Select(r => r.Row(parents))], now, keepsSlot: false, avoidWorker: null, ct);
        await wake.InTransactionAsync(connection, transaction, ready.Select(r => r.LaneId), ct);
        return new Filing.Done([.. rows.Select((r, i) => filed[i] ?? new FiledTask(r.TaskId, inserted.Contains(r.TaskId)))]);
    }

    async Task<IReadOnlyList<FilingRow>> RowsAsync(IReadOnlyList<NewTask> tasks, DateTimeOffset now, CancellationToken ct)
    {
        var rows = new FilingRow[tasks.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var task = tasks[i];
            var kind = kinds.Find(task.Kind)!;
            var requires = kind.Requires.Count == 0 ? task.Requires : task.Requires.Count == 0 ? kind.Requires : [.. kind.Requires, .. task.Requires];
            var lane = await lanes.NumberAsync(task.Kind, requires, task.Priority ?? kind.Priority, solo: false, ct);
            rows[i] = new FilingRow(task.TaskId ?? Guid.CreateVersion7(now), lane, task);
        }
        return rows;
    }

    /// <summary>Takes the dedup keys; a task whose key a live one has, or an earlier one of the same filing, becomes that one.</summary>
    static async Task FindHoldersAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, FiledTask?[] filed, CancellationToken ct)
    {
        var first = rows.Where(r => r.Task.DedupKey is not null).GroupBy(r => r.Task.DedupKey!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().TaskId);
        if (first.Count == 0) return;
        var holders = new Dictionary<string, Guid>(StringComparer.Ordinal);
        while (first.Keys.Except(holders.Keys).ToArray() is { Length: > 0 } open)
        {
            var taken = await connection.QueryAsync<string>(new CommandDefinition(KeysSql,
                new { keys = open, taskIds = open.Select(k => first[k]).ToArray() }, transaction, cancellationToken: ct));
            foreach (var key in taken) holders[key] = first[key];
            var others = await connection.QueryAsync<(string Key, Guid TaskId)>(new CommandDefinition(HolderSql, new { keys = open.Except(taken).ToArray() }, transaction, cancellationToken: ct));
            foreach (var (key, taskId) in others) holders[key] = taskId; // those that ended just now are tried again
        }
        for (var i = 0; i < rows.Count; i++)
            if (rows[i].Task.DedupKey is { } key && holders[key] != rows[i].TaskId)
                filed[i] = new FiledTask(holders[key], false);
    }

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
