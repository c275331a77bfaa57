using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Gives free slots of concurrency keys to the tasks that have waited longest for them. Slots and tasks that another
/// transaction is at are passed over, so nobody waits; what two such passes leave undone the next pass does. When a limit was
/// lowered, the slots beyond it are there until they are free: so many fewer are given. A task whose old slot is only about to be
/// released gets none before that.
/// </summary>
public sealed class PromoteHeld
{
    const string Sql = """
        with free as (
            select concurrency_key, slot from task_slots where concurrency_key = any(@keys) and task_id is null order by concurrency_key, slot for update skip locked
        ), allowed as (
            select f.concurrency_key, (c.max_running - (select count(*) from task_slots s where s.concurrency_key = f.concurrency_key) + count(*)) as slots
            from free f join task_concurrency c on c.concurrency_key = f.concurrency_key
            group by f.concurrency_key, c.max_running
        ), numbered as (
            select f.concurrency_key, f.slot, row_number() over (partition by f.concurrency_key order by f.slot) as place from free f
        ), wanted as (
            select concurrency_key, slots from allowed where slots > 0
        ), next as (
            select h.task_id, h.concurrency_key, h.seq from wanted w cross join lateral (
                select task_id, concurrency_key, seq from task_held t
                where concurrency_key = w.concurrency_key and not exists (select from task_slots o where o.task_id = t.task_id)
                order by seq limit w.slots for update skip locked
            ) h
        ), ordered as (
            select n.task_id, n.concurrency_key, row_number() over (partition by n.concurrency_key order by n.seq) as place from next n
        ), taken as (
            update task_slots s set task_id = o.task_id
            from ordered o join numbered f on f.concurrency_key = o.concurrency_key and f.place = o.place
            where s.concurrency_key = f.concurrency_key and s.slot = f.slot
            returning s.task_id
        ), moved as (
            delete from task_held h using taken where h.task_id = taken.task_id
            returning h.task_id, h.epoch, h.lane_id, h.failures, h.losses, h.flags
        )
        insert into task_ready (task_id, epoch, ready_at, lane_id, failures, losses, flags)
        select task_id, epoch, @now, lane_id, failures, losses, flags from moved
        returning lane_id
        """;

    /// <param name="keys">In order, so that two transactions cannot wait for each other.</param>
    /// <returns>The lane of each task that can be claimed now.</returns>
    public async Task<IReadOnlyList<int>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string[] keys, DateTimeOffset now, CancellationToken ct) =>
        keys.Length == 0 ? [] : [.. await connection.QueryAsync<int>(new CommandDefinition(Sql, new { keys, now }, transaction, cancellationToken: ct))];
}
