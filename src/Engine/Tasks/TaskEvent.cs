namespace Engine.Tasks;

/// <summary>One line of a task's timeline.</summary>
/// <param name="At">When it happened, by the database's clock.</param>
/// <param name="Epoch">Of the attempt it belongs to; 0 before the first.</param>
/// <param name="Turn">Tells events of one moment apart.</param>
/// <param name="Part">With the task's id, unlike any other event's.</param>
/// <param name="Event">filed, claimed, how an attempt ended, gate_opened, gate_… with the decision, or what a note is called.</param>
/// <param name="Actor">worker:…, token:… or engine.</param>
/// <param name="State">What the task was in right after it; null when the event changed nothing, or others say.</param>
public sealed record TaskEvent(Guid TaskId, DateTimeOffset At, long Epoch, short Turn, string Part, string Event, string Actor, string DetailJson, int LaneId, string? State)
{
    public string EventId => $"{TaskId}:{Part}";

    /// <summary>
    /// The events of all tasks, each from where it is kept. An attempt that has ended is two: its claim and its end; a claim
    /// that goes on is in the leases. <c>v_task_timeline</c> shows the same.
    /// </summary>
    /// <param name="where">Conditions for each table, by its alias: t tasks, l task_leases, a task_attempts, o task_gates by
    /// opening, d task_gates by decision, n task_notes.</param>
    internal static string Sql(Func<char, string> where) => $"""
        select t.task_id, t.filed_at as at, 0::bigint as epoch, 0::smallint as turn, 'filed' as part, 'filed' as event, t.filed_by as actor,
            jsonb_strip_nulls(jsonb_build_object('dry_run', nullif(t.dry_run, false), 'origin_id', t.origin_id))::text as detail, t.lane_id, 'pending' as state
        from tasks t where {where('t')}
        union all
        select l.task_id, l.claimed_at, l.epoch, 1::smallint, 'claimed:' || l.epoch, 'claimed', 'worker:' || l.worker_id, '{"{}"}', l.lane_id, 'running'
        from task_leases l where {where('l')}
        union all
        select a.task_id, e.at, a.epoch, e.turn, e.event || ':' || a.epoch, e.event, coalesce('worker:' || a.worker_id, 'engine'), e.detail::text, a.lane_id, e.state
        from task_attempts a
        cross join lateral (
            select a.claimed_at as at, 1::smallint as turn, 'claimed' as event, '{"{}"}'::jsonb as detail, 'running' as state where a.claimed_at is not null
            union all
            select a.ended_at, 3::smallint, a.outcome, jsonb_strip_nulls(jsonb_build_object('final_state', a.final_state, 'fault', a.fault, 'error', a.error)),
                coalesce(a.final_state, case a.outcome when 'retried' then 'scheduled' when 'snoozed' then 'scheduled' when 'blocked' then 'blocked'
                    when 'gated' then null else 'pending' end)
        ) e
        where {where('a')}
        union all
        select o.task_id, o.opened_at, coalesce(o.epoch, 0), 4::smallint, 'gate_opened:' || o.gate || ':' || coalesce(o.epoch, 0), 'gate_opened', 'engine',
            jsonb_build_object('gate', o.gate)::text, t.lane_id, 'waiting_' || coalesce(g.waits_for, 'approval')
        from task_gates o
        cross join lateral (select lane_id from tasks where task_id = o.task_id offset 0) t
        left join task_gated g on g.task_id = o.task_id and g.gate = o.gate
        where o.opened_at is not null and {where('o')}
        union all
        select d.task_id, d.decided_at, coalesce(d.epoch, 0), 5::smallint, 'gate_' || d.decision || ':' || d.gate || ':' || coalesce(d.epoch, 0), 'gate_' || d.decision, d.decided_by,
            jsonb_build_object('gate', d.gate)::text, t.lane_id,
            case when d.epoch is not null and not (d.gate = '{OpenGate.TaskFault}' and d.decision = 'rejected') then 'pending' end
        from task_gates d
        cross join lateral (select lane_id from tasks where task_id = d.task_id offset 0) t
        where d.decision is not null and {where('d')}
        union all
        select n.task_id, n.noted_at, n.epoch, 2::smallint, 'note:' || n.note_id, n.event, n.actor, n.detail::text, t.lane_id, null
        from task_notes n
        cross join lateral (select lane_id from tasks where task_id = n.task_id offset 0) t
        where {where('n')}
        """;
}
