using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Forgets the slots of concurrency keys that no live task has; a filing or a redrive makes them again. The limit is remembered
/// as long as there may be ended tasks to bring back, unless it is 1, which is what a key has that is not known.
/// </summary>
public sealed class ForgetConcurrencyKeys(MoveTasks move, TimeProvider time, TasksSettings settings)
{
    // Whoever begins to use a key locks this row first: what is in use and not yet committed is passed over.
    const string IdleSql = """
        select c.concurrency_key from task_concurrency c
        where c.concurrency_key > @after and (c.idle_since is null or c.idle_since < @before)
            and not exists (select from task_slots s where s.concurrency_key = c.concurrency_key and s.task_id is not null)
            and not exists (select from task_held h where h.concurrency_key = c.concurrency_key)
        order by c.concurrency_key limit @BatchKeys for update of c skip locked
        """;

    // A statement of its own: it sees what was committed before the rows were locked.
    const string UsedSql = """
        with live as (
            select task_id from task_ready where flags & 4 <> 0
            union all select task_id from task_leases where flags & 4 <> 0
            union all select task_id from task_due where flags & 4 <> 0
            union all select task_id from task_held where flags & 4 <> 0
            union all select task_id from task_waiting where flags & 4 <> 0
            union all select task_id from task_gated where flags & 4 <> 0
            union all select task_id from task_parked where flags & 4 <> 0
        )
        select distinct t.concurrency_key from live join tasks t on t.task_id = live.task_id where t.concurrency_key = any(@keys)
        """;

    const string ForgetSql = """
        with slots as (
            delete from task_slots where concurrency_key = any(@keys)
        ), remembered as (
            update task_concurrency set idle_since = @now where concurrency_key = any(@keys) and max_running > 1 and idle_since is null
        )
        delete from task_concurrency where concurrency_key = any(@keys) and (max_running = 1 or idle_since is not null)
        """;

    /// <summary>On top of the retention, since tasks are dropped by whole days.</summary>
    static readonly TimeSpan Spare = TimeSpan.FromDays(2);

    /// <summary>Keys that one transaction looks at.</summary>
    public int BatchKeys { get; init; } = 1000;

    /// <returns>How many were forgotten, with their limits.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        var (forgotten, after) = (0, "");
        while (true)
        {
            var (idle, gone) = await move.RunAsync(async (connection, transaction) => (await ForgetAsync(connection, transaction, after, ct), true), ct);
            forgotten += gone;
            if (idle.Length < BatchKeys) return forgotten;
            after = idle[^1];
        }
    }

    async Task<(string[] Idle, int Gone)> ForgetAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string after, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var before = now - TimeSpan.FromDays(settings.KeepDays) - Spare;
        var idle = (await connection.QueryAsync<string>(new CommandDefinition(IdleSql, new { after, before, BatchKeys }, transaction, cancellationToken: ct))).ToArray();
        if (idle.Length == 0) return (idle, 0);
        var used = await connection.QueryAsync<string>(new CommandDefinition(UsedSql, new { keys = idle }, transaction, cancellationToken: ct));
        var keys = idle.Except(used, StringComparer.Ordinal).ToArray();
        return (idle, await connection.ExecuteAsync(new CommandDefinition(ForgetSql, new { keys, now }, transaction, cancellationToken: ct)));
    }
}
