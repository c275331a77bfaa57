-- The views that operators query as engine_reader, as all migrations together leave them. Nothing runs this file: it is here to
-- be read, and a test compares it with a migrated database. db/README.md has examples.

create view v_api_tokens as
select token_id, prefix, name, role, tenant, created_at, created_by, expires_at, revoked_at, last_used_at
from api_tokens;
grant select on v_api_tokens to engine_reader;

create view v_schema_migrations as
select number, name, checksum, applied_at
from schema_migrations;
grant select on v_schema_migrations to engine_reader;

create view v_audit_log as
select l.entry_id, l.recorded_at, l.actor, l.action, l.subject, l.details, l.source,
    c.position, encode(c.entry_hash, 'hex') as entry_hash, encode(c.chain_hash, 'hex') as chain_hash, c.chained_at
from audit_log l
left join audit_chain c on c.entry_id = l.entry_id;
grant select on v_audit_log to engine_reader;

-- Quartz counts 100 ns ticks since the year 1.
create view v_schedules as
select s.name, s.duty, s.cron, s.time_zone, s.misfire_policy, s.enabled, s.version, s.updated_at,
       timestamptz 'epoch' + (t.next_fire_time - 621355968000000000) / 10 * interval '1 microsecond' as next_fire_at,
       f.fire_time as last_fire_at, f.outcome as last_outcome
from schedules s
left join qrtz_triggers t on t.sched_name = 'engine' and t.trigger_group = 'schedules' and t.trigger_name = s.name
left join lateral (
    select fire_time, outcome from schedule_fires where name = s.name order by fire_time desc, fire_id desc limit 1
) f on true;
grant select on v_schedules to engine_reader;

create view v_schedule_fires as
select fire_id, name, fire_time, manual, started_at, finished_at, outcome, detail
from schedule_fires;
grant select on v_schedule_fires to engine_reader;

-- All tasks as one relation.
create view governance_tasks as
select t.task_id, l.kind, s.state, (array['critical', 'high', 'normal', 'low', 'deferred'])[l.priority + 1] as priority, l.requires,
    t.filed_at, t.filed_by, s.since, s.epoch, s.failures, s.losses, s.worker_id, s.due_at, s.gate, s.reason,
    t.dedup_key, t.concurrency_key, t.deadline_at, t.dry_run, t.origin_id, t.payload, s.result
from (
    select task_id, 'pending' as state, ready_at as since, epoch, failures, losses, null::bigint as worker_id,
        null::timestamptz as due_at, null::text as gate, null::text as reason, null::jsonb as result
    from task_ready
    union all
    select task_id, 'pending', held_at, epoch, failures, losses, null, null, null, 'waits for a slot of ' || concurrency_key, null from task_held
    union all
    select task_id, 'running', claimed_at, epoch, failures, losses, worker_id, null, null, null, null from task_leases
    union all
    select task_id, 'scheduled', null, epoch, failures, losses, null, due_at, null, reason, null from task_due
    union all
    select task_id, 'waiting_dependency', null, epoch, failures, losses, null, due_at, null, format('waits for %s tasks', open), null
    from task_waiting where failed = 0
    union all
    select task_id, 'blocked', null, epoch, failures, losses, null, due_at, null, format('%s of the tasks it depends on did not succeed', failed), null
    from task_waiting where failed > 0
    union all
    select task_id, 'waiting_approval', opened_at, epoch, failures, losses, null, expires_at, gate, null, null from task_gated where waits_for = 'approval'
    union all
    select task_id, 'waiting_signal', opened_at, epoch, failures, losses, null, expires_at, gate, null, null from task_gated where waits_for = 'signal'
    union all
    select task_id, 'blocked', parked_at, epoch, failures, losses, null, null, null, reason, null from task_parked
    union all
    select task_id, final_state, ended_at, epoch, null, null, worker_id, null, null, error, result
    from task_attempts where final_state is not null and reopened_at is null
) s
join tasks t on t.task_id = s.task_id
join task_lanes l on l.lane_id = t.lane_id;
grant select on governance_tasks to engine, engine_reader;

-- Everything that happened to a task, from its filing on.
create view v_task_timeline as
select task_id, filed_at as at, 0::bigint as epoch, 'filed' as event, filed_by as actor, jsonb_strip_nulls(jsonb_build_object('dry_run', nullif(dry_run, false), 'origin_id', origin_id)) as detail
from tasks
union all
select task_id, claimed_at, epoch, 'claimed', 'worker:' || worker_id, '{}' from task_leases
union all
select task_id, claimed_at, epoch, 'claimed', 'worker:' || worker_id, '{}' from task_attempts where claimed_at is not null
union all
select task_id, ended_at, epoch, outcome, coalesce('worker:' || worker_id, 'engine'),
    jsonb_strip_nulls(jsonb_build_object('final_state', final_state, 'fault', fault, 'error', error))
from task_attempts
union all
select task_id, opened_at, epoch, 'gate_opened', 'engine', jsonb_build_object('gate', gate) from task_gates where opened_at is not null
union all
select task_id, decided_at, coalesce(epoch, 0), 'gate_' || decision, decided_by, jsonb_build_object('gate', gate) from task_gates where decision is not null
union all
select task_id, noted_at, epoch, event, actor, detail from task_notes;
grant select on v_task_timeline to engine, engine_reader;

-- Tasks that could be claimed, and since when the oldest waits.
create view v_queue_depth as
select l.kind, (array['critical', 'high', 'normal', 'low', 'deferred'])[l.priority + 1] as priority, l.requires,
    count(*) as ready, min(r.ready_at) as oldest_ready_at
from task_ready r
join task_lanes l on l.lane_id = r.lane_id
group by l.kind, l.priority, l.requires;
grant select on v_queue_depth to engine, engine_reader;

create view v_worker_health as
select w.worker_id, w.host, w.process_id, w.engine_version, w.state, w.draining,
    case when w.state in ('offline', 'failed') then 'offline' else w.health end as health,
    w.kinds, w.capabilities, w.proficiency, w.slots, w.running, w.started_at, w.beat_at, w.lease_until,
    length(replace(w.recent, 'f', ''))::double precision / nullif(length(w.recent), 0) as recent_success, w.mean_run_ms
from workers w;
grant select on v_worker_health to engine, engine_reader;

-- Tasks that were given up or wait for a person, with the reason.
create view v_dead_tasks as
select task_id, kind, state, priority, since, reason, failures, losses, payload
from governance_tasks
where state in ('dead', 'blocked');
grant select on v_dead_tasks to engine_reader;

create view v_task_engine as
select mode, changed_at, changed_by, min_protocol from task_engine;
grant select on v_task_engine to engine_reader;

create view v_task_breakers as
select kind, state, changed_at, retry_at, openings, recent, reason from task_breakers;
grant select on v_task_breakers to engine_reader;

create view v_model_performance as
select window_kind, window_start, provider, model, policy, requests, successes, failures, cancelled,
    successes::double precision / nullif(successes + failures, 0) as success_share, error_kinds,
    latency_ms::double precision / nullif(successes, 0) as latency_mean_ms,
    routing_latency_quantile(latency_counts, 0.5) as latency_p50_ms, routing_latency_quantile(latency_counts, 0.95) as latency_p95_ms,
    routing_latency_quantile(first_token_counts, 0.5) as first_token_p50_ms, routing_latency_quantile(first_token_counts, 0.95) as first_token_p95_ms,
    cost_usd, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, verdicts, good, bad
from model_performance;
grant select on v_model_performance to engine, engine_reader;

create view v_routing_breakers as
select provider, model, state, is_out, reason, changed_at, retry_at, openings from routing_breakers;
grant select on v_routing_breakers to engine_reader;

create view v_routing_feedback as
select selection_id, source, verdict, reason, given_by, given_at, requested_at, provider, model, policy from routing_feedback;
grant select on v_routing_feedback to engine_reader;

create view v_routing_ranks as
select policy, position, provider, model, reason, since, pinned_by from routing_ranks;
grant select on v_routing_ranks to engine_reader;

create view v_routing_reconciliations as
select provider, source, period_start, period_end, billed_usd, ledger_usd, drift_usd, is_within, taken_at from routing_reconciliations;
grant select on v_routing_reconciliations to engine_reader;
