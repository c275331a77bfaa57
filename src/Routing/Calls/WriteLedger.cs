using Npgsql;
using NpgsqlTypes;
using Routing.Budgets;

namespace Routing.Calls;

/// <summary>
/// The ledger's own connection: writes ends, holds and windows in one transaction each, under the guard that the process still holds budgets.
/// Used by one loop, thrown away after a failure.
/// </summary>
/// <param name="prepares">Whether the server keeps the statements: planning them takes longer than running them. Not where a pool shares its sessions.</param>
sealed class WriteLedger(NpgsqlConnection connection, Guid holderId, long generation, bool prepares) : IAsyncDisposable
{
    const int MostLooks = 3;

    public NpgsqlConnection Connection => connection;

    /// <summary>Writes what needs no more money than the process has: one round trip.</summary>
    /// <param name="isLazy">Whether a crash of the server may take it back.</param>
    /// <param name="change">Of the budgets that the holds were taken by: when it is another by now, nothing is written.</param>
    public async Task RunAsync(LedgerPass pass, bool isLazy, DateTimeOffset now, DateTimeOffset? leaseUntil, long change, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        Begin(batch, isLazy, now, leaseUntil, change);
        Write(batch, pass, now);
        if (prepares) await batch.PrepareAsync(ct);
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Locks windows, lets the caller decide what they grant, and writes everything: two round trips. After a failure the connection is thrown away.</summary>
    /// <param name="decide">Gets the windows as they are; adds to the pass what is granted, opened and refused.</param>
    public async Task RunAsync(LedgerPass pass, IReadOnlyCollection<BudgetWindow> windows, Action<IReadOnlyDictionary<(Guid, string), LockedWindow>> decide,
        DateTimeOffset now, DateTimeOffset? leaseUntil, long change, CancellationToken ct)
    {
        var locked = new Dictionary<(Guid, string), LockedWindow>();
        Guid[] ids = [.. windows.Select(w => w.BudgetId)];
        string[] keys = [.. windows.Select(w => w.Key)];
        // A window that was there when it was to be made may be gone when it is to be locked: an old task's, cleared away just then. It is made again.
        for (var looks = 0; looks < MostLooks && locked.Count < windows.Count; looks++)
        {
            await using var batch = new NpgsqlBatch(connection);
            if (looks == 0) Add(batch, "begin"); // and the end goes with what it ends: each trip is waited for
            if (looks == 0) Begin(batch, isLazy: false, now, leaseUntil, change);
            Add(batch, LedgerSql.MakeWindows, ids, keys, windows.Select(w => w.Subject).ToArray(), windows.Select(w => w.StartsAt?.UtcDateTime).ToArray(),
                windows.Select(w => w.EndsAt?.UtcDateTime).ToArray(), now.UtcDateTime);
            Add(batch, LedgerSql.LockWindows, ids, keys, holderId);
            if (prepares) await batch.PrepareAsync(ct);
            await using var reader = await batch.ExecuteReaderAsync(ct);
            do
            {
                while (await reader.ReadAsync(ct))
                    if (reader.FieldCount == 8)
                        locked[(reader.GetGuid(0), reader.GetString(1))] = new LockedWindow(
                            new WindowState(reader.GetDecimal(2), reader.GetDecimal(3), reader.GetDecimal(4), reader.GetBoolean(5), reader.GetBoolean(6)), reader.GetBoolean(7));
            }
            while (await reader.NextResultAsync(ct));
        }
        decide(locked);
        await using var writing = new NpgsqlBatch(connection);
        Write(writing, pass, now);
        Add(writing, "commit");
        if (prepares) await writing.PrepareAsync(ct);
        await writing.ExecuteNonQueryAsync(ct);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    void Begin(NpgsqlBatch batch, bool isLazy, DateTimeOffset now, DateTimeOffset? leaseUntil, long change)
    {
        Add(batch, isLazy ? LedgerSql.LazyGuard : LedgerSql.Guard, holderId, generation, now.UtcDateTime, change);
        if (leaseUntil is { } until) Add(batch, LedgerSql.Beat, holderId, until.UtcDateTime);
    }

    void Write(NpgsqlBatch batch, LedgerPass pass, DateTimeOffset now)
    {
        WindowChange[] changes = [.. pass.Changes.Values];
        if (changes.Length > 0)
        {
            Guid[] ids = [.. changes.Select(c => c.Window.BudgetId)];
            string[] keys = [.. changes.Select(c => c.Window.Key)];
            Add(batch, LedgerSql.ChangeWindows, ids, keys, changes.Select(c => c.SettledUsd).ToArray(), changes.Select(c => c.GrantedUsd).ToArray(),
                changes.Select(c => c.Calls).ToArray(), changes.Select(c => c.Refused).ToArray(), changes.Select(c => c.IsTight).ToArray());
            if (changes.Any(c => c.GrantedUsd > 0)) Add(batch, LedgerSql.MakeSlices, ids, keys, holderId);
            Add(batch, LedgerSql.ChangeSlices, ids, keys, changes.Select(c => c.GrantedUsd).ToArray(), changes.Select(c => c.IsExact).ToArray(), holderId);
            WindowChange[] over = [.. changes.Where(c => c.IsOver)];
            if (over.Length > 0) Add(batch, LedgerSql.DropSlices, over.Select(c => c.Window.BudgetId).ToArray(), over.Select(c => c.Window.Key).ToArray(), holderId);
            Add(batch, LedgerSql.Alert, ids, keys, changes.Select(c => c.Refused).ToArray(), now.UtcDateTime);
            if (changes.Any(c => c.IsTight == true)) Add(batch, LedgerSql.Notify);
        }
        if (pass.Notes.Count > 0) Add(batch, LedgerSql.NoteGenerations, pass.Notes.Select(n => n.SelectionId).ToArray(), pass.Notes.Select(n => LedgerRows.Generation(n.GenerationId)).ToArray());
        if (pass.Closed.Count > 0) AddJson(batch, LedgerSql.Close, LedgerRows.Closed(pass.Closed), now.UtcDateTime);
        if (pass.Opened.Count > 0) AddJson(batch, LedgerSql.Open, LedgerRows.Opened(pass.Opened), now.UtcDateTime, holderId);
    }

    static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value switch
            {
                DateTime => new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                DateTime?[] => new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                bool?[] => new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
                _ => new NpgsqlParameter { Value = value },
            });
        batch.BatchCommands.Add(command);
    }

    static void AddJson(NpgsqlBatch batch, string sql, string json, params object[] values)
    {
        Add(batch, sql, [json, .. values]);
        batch.BatchCommands[^1].Parameters[0].NpgsqlDbType = NpgsqlDbType.Jsonb;
    }
}

/// <param name="OthersSpare">Another process may have something of it that it does not need.</param>
sealed record LockedWindow(WindowState State, bool OthersSpare);
