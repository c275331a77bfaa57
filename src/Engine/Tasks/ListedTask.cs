namespace Engine.Tasks;

/// <summary>A task with its state, as lists show it: without payload and result, which may be large.</summary>
/// <param name="Since">Since when it is in its state; null while it is scheduled, waits for others, or is blocked by them.</param>
/// <param name="Epoch">Of its last claim; 0 before the first.</param>
/// <param name="Failures">Attempts charged so far; null once it has ended.</param>
/// <param name="WorkerId">Who runs it, or ran it last; null when nobody did.</param>
/// <param name="DueAt">When it becomes claimable, or its gate expires.</param>
/// <param name="Reason">Why it is in its state, or its last error.</param>
public sealed record ListedTask(Guid TaskId, string Kind, short Priority, string[] Requires, string State, DateTimeOffset? Since, long Epoch,
    short? Failures, short? Losses, long? WorkerId, DateTimeOffset? DueAt, string? Gate, string? Reason, DateTimeOffset FiledAt, string FiledBy,
    string? DedupKey, string? ConcurrencyKey, DateTimeOffset? DeadlineAt, bool DryRun, Guid? OriginId)
{
    /// <summary>
    /// Reads the tasks of a common table expression <c>page (task_id)</c>, with <c>@state</c> (null: any) and <c>@count</c>. Each
    /// state is looked up by key in its own table: a union over all tasks would be walked through. Leases have no index and are
    /// few: they are walked through once for the page.
    /// </summary>
    public const string Sql = """
        , leased as materialized (
            select l.task_id, l.claimed_at, l.epoch, l.failures, l.losses, l.worker_id from page p join task_leases l on l.task_id = p.task_id
        )
        select t.task_id, l.kind, l.priority, l.requires, s.state, s.since, s.epoch, s.failures, s.losses, s.worker_id, s.due_at, s.gate, s.reason,
            t.filed_at, t.filed_by, t.dedup_key, t.concurrency_key, t.deadline_at, t.dry_run, t.origin_id
        from page p
        cross join lateral (
            select task_id, lane_id, filed_at, filed_by, dedup_key, concurrency_key, deadline_at, dry_run, origin_id
            from tasks where task_id = p.task_id offset 0
        ) t
        join task_lanes l on l.lane_id = t.lane_id
        cross join lateral (
            select 'pending' as state, ready_at as since, epoch, failures, losses, null::bigint as worker_id, null::timestamptz as due_at, null::text as gate,
                null::text as reason
            from task_ready where task_id = p.task_id
            union all
            select 'pending', held_at, epoch, failures, losses, null, null, null, 'waits for a slot of ' || concurrency_key from task_held where task_id = p.task_id
            union all
            select 'running', claimed_at, epoch, failures, losses, worker_id, null, null, null from leased where task_id = p.task_id
            union all
            select 'scheduled', null, epoch, failures, losses, null, due_at, null, reason from task_due where task_id = p.task_id
            union all
            select case when failed = 0 then 'waiting_dependency' else 'blocked' end, null, epoch, failures, losses, null, due_at, null,
                case when failed = 0 then format('waits for %s tasks', open) else format('%s of the tasks it depends on did not succeed', failed) end
            from task_waiting where task_id = p.task_id
            union all
            select 'waiting_' || waits_for, opened_at, epoch, failures, losses, null, expires_at, gate, null from task_gated where task_id = p.task_id
            union all
            select 'blocked', parked_at, epoch, failures, losses, null, null, null, reason from task_parked where task_id = p.task_id
            union all
            select final_state, ended_at, epoch, null, null, worker_id, null, null, error from task_attempts
            where task_id = p.task_id and final_state is not null and reopened_at is null
        ) s
        where @state::text is null or s.state = @state
        order by p.task_id desc
        limit @count
        """;
}
