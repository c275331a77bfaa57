using Dapper;

namespace Engine.Tasks;

/// <summary>
/// Looks after tasks that wait for a slot although one is free: one transaction freed it while another began to wait, and neither
/// saw the other. Each pass looks at so many keys and the next one goes on behind them.
/// </summary>
public sealed class SweepHeld(MoveTasks move, TimeProvider time, PromoteHeld promoteHeld, WakeWorkers wake)
{
    // From key to key by the index: a key may have a million tasks.
    const string KeysSql = """
        with recursive keys as (
            (select concurrency_key from task_held where concurrency_key > @after order by concurrency_key limit 1)
            union all
            select (select h.concurrency_key from task_held h where h.concurrency_key > k.concurrency_key order by h.concurrency_key limit 1)
            from keys k where k.concurrency_key is not null
        )
        select concurrency_key from keys where concurrency_key is not null limit @BatchKeys
        """;

    // A limit may have been raised while its surplus slots were being deleted.
    const string MissingSql = """
        insert into task_slots (concurrency_key, slot)
        select c.concurrency_key, n.slot from task_concurrency c cross join lateral generate_series(1, c.max_running) n(slot)
        where c.concurrency_key = any(@keys) and not exists (select from task_slots s where s.concurrency_key = c.concurrency_key and s.slot = n.slot)
        order by 1, 2
        on conflict (concurrency_key, slot) do nothing
        """;

    string after = "";

    /// <summary>Keys that one pass looks at.</summary>
    public int BatchKeys { get; init; } = 1000;

    public Task<MovedTasks> RunAsync(CancellationToken ct) => move.RunAsync(async (connection, transaction) =>
    {
        var keys = (await connection.QueryAsync<string>(new CommandDefinition(KeysSql, new { after, BatchKeys }, transaction, cancellationToken: ct))).ToArray();
        after = keys.Length < BatchKeys ? "" : keys[^1];
        if (keys.Length == 0) return (new MovedTasks(0, [], null), false);
        await connection.ExecuteAsync(new CommandDefinition(MissingSql, new { keys }, transaction, cancellationToken: ct));
        var promoted = await promoteHeld.RunAsync(connection, transaction, keys, time.GetUtcNow(), ct);
        await wake.InTransactionAsync(connection, transaction, promoted, ct);
        return (new MovedTasks(promoted.Count, promoted, null), true);
    }, ct);
}
