using Chaos.Recorded;
using Dapper;
using Npgsql;

namespace Chaos.Driving;

/// <summary>Reads what the checker judges from the tables, in one snapshot.</summary>
public sealed class ReadTables(NpgsqlDataSource superuser)
{
    const string TasksSql = """
        select t.task_id, l.kind, t.payload ->> 'tag' as tag, t.dedup_key, t.concurrency_key, t.payload ->> 'fire_time' as fire_time
        from tasks t join task_lanes l on l.lane_id = t.lane_id order by 1
        """;

    const string LiveSql = """
        select task_id, 'ready' as place, epoch, failures, losses, flags, null::bigint as worker_id, null as gate, 0 as open, 0 as failed, null as reason from task_ready
        union all select task_id, 'leased', epoch, failures, losses, flags, worker_id, null, 0, 0, null from task_leases
        union all select task_id, 'due', epoch, failures, losses, flags, null, null, 0, 0, null from task_due
        union all select task_id, 'held', epoch, failures, losses, flags, null, null, 0, 0, null from task_held
        union all select task_id, 'waiting', epoch, failures, losses, flags, null, null, open, failed, null from task_waiting
        union all select task_id, 'gated', epoch, failures, losses, flags, null, gate, 0, 0, null from task_gated
        union all select task_id, 'parked', epoch, failures, losses, flags, null, null, 0, 0, reason from task_parked
        """;

    const string AttemptsSql = """
        select task_id, epoch, worker_id, outcome, final_state, fault, error, case when jsonb_typeof(result -> 'epoch') = 'number' then (result ->> 'epoch')::bigint end as result_epoch,
            reopened_at is not null as is_reopened
        from task_attempts order by 1, 2
        """;

    public async Task<EndTables> RunAsync(CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        return new EndTables
        {
            Tasks = await ListAsync<TaskLine>(TasksSql),
            Live = await ListAsync<LiveLine>(LiveSql),
            Attempts = await ListAsync<AttemptLine>(AttemptsSql),
            Edges = await ListAsync<EdgeLine>("select child_id, parent_id, settled from task_dependencies"),
            Keys = await ListAsync<KeyLine>("select dedup_key, task_id from task_keys"),
            Slots = await ListAsync<SlotLine>("select s.concurrency_key, s.slot, s.task_id, c.max_running from task_slots s join task_concurrency c using (concurrency_key)"),
            Gates = await ListAsync<GateLine>("select task_id, gate, epoch, decision, decided_by from task_gates"),
            Fires = await ListAsync<FireLine>("select name, fire_time::text as fire_time, manual as is_manual from schedule_fires"),
            Workers = await ListAsync<WorkerLine>("select worker_id, process_id, state, running from workers"),
        };

        async Task<IReadOnlyList<T>> ListAsync<T>(string sql) => [.. await connection.QueryAsync<T>(new CommandDefinition(sql, transaction: snapshot, cancellationToken: ct))];
    }
}
