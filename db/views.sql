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

-- Budgets with the latest window of each, and of each subject where a budget is kept for each one by itself. held_usd: what calls under way may cost, and what
-- processes keep at hand for the next ones.
create view v_budget_status as
select b.budget_id, b.scope, coalesce(nullif(w.subject, ''), b.scope_key) as scope_key, b.period, b.time_zone, b.is_hard, b.is_enabled, b.amount_usd,
    coalesce(w.settled_usd, 0) as settled_usd, coalesce(w.granted_usd, 0) as held_usd, b.amount_usd - coalesce(w.settled_usd, 0) - coalesce(w.granted_usd, 0) as left_usd,
    w.window_key, w.starts_at, w.ends_at, coalesce(w.calls, 0) as calls, coalesce(w.refused, 0) as refused, w.alerted_at, w.exhausted_at
from cost_budgets b
left join lateral (
    select distinct on (subject) subject, window_key, starts_at, ends_at, settled_usd, granted_usd, calls, refused, alerted_at, exhausted_at
    from budget_windows where budget_id = b.budget_id order by subject, opened_at desc
) w on b.period <> 'task';
grant select on v_budget_status to engine, engine_reader;

-- All windows that there ever were.
create view v_budget_history as
select b.budget_id, b.scope, coalesce(nullif(w.subject, ''), b.scope_key) as scope_key, b.period, w.window_key, w.starts_at, w.ends_at, b.amount_usd, w.settled_usd, w.granted_usd as held_usd,
    w.calls, w.refused, w.alerted_at, w.exhausted_at
from budget_windows w
join cost_budgets b on b.budget_id = w.budget_id;
grant select on v_budget_history to engine, engine_reader;

create view v_budget_events as
select e.at, e.event, b.scope, b.scope_key, b.period, e.window_key, e.detail
from budget_events e
join cost_budgets b on b.budget_id = e.budget_id;
grant select on v_budget_events to engine, engine_reader;

-- Every attempted call: what was chosen, why, what it cost and how it went.
create view v_selection_log as
select selection_id, request_id, attempt, requested_at, task_id, task_epoch, task_kind, tenant, worker, policy, policy_version, provider, model, reasons, outcome, error_kind, error,
    http_status, estimated_usd, hold_usd, cost_usd, is_estimated, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, latency_ms, first_token_ms,
    served_model, served_by, generation_id, finish_reason, is_streamed, ended_at
from model_selections;
grant select on v_selection_log to engine, engine_reader;

-- What was spent, whether the calls are still kept or not; what is under way counts when it has ended. One row is one call, or all of a kind of a day.
create view v_spend as
select requested_at as at, task_id, policy, provider, model, task_kind, tenant, worker, 1::bigint as calls, (outcome = 'succeeded')::integer::bigint as succeeded, cost_usd,
    case when is_estimated then cost_usd end as estimated_usd, prompt_tokens, completion_tokens, cached_tokens, latency_ms, (latency_ms is not null)::integer::bigint as timed_calls
from model_selections where outcome <> 'open'
union all
select day::timestamp at time zone 'utc', null, policy, provider, model, task_kind, tenant, worker, calls, succeeded, cost_usd, null, prompt_tokens, completion_tokens, cached_tokens,
    latency_ms, timed_calls
from model_spend;
grant select on v_spend to engine, engine_reader;

-- By days in UTC; what is under way counts when it has ended.
create view v_spend_daily as
select (at at time zone 'utc')::date as day, policy, model, provider, task_kind, tenant, worker, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded,
    sum(cost_usd) as cost_usd, sum(estimated_usd) as estimated_usd, sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
from v_spend
group by 1, 2, 3, 4, 5, 6, 7;
grant select on v_spend_daily to engine, engine_reader;

create view v_spend_by_model as
select provider, model, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded, sum(cost_usd) as cost_usd,
    sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens, sum(cached_tokens) as cached_tokens,
    sum(latency_ms) / nullif(sum(timed_calls), 0)::double precision as mean_latency_ms
from v_spend
group by provider, model;
grant select on v_spend_by_model to engine, engine_reader;
-- Models as they count: corrections before what the provider says, the price that is used, and why one is not selectable. A provider that
-- has moved to another host was never synced there, and its models are gone until it is.
create view v_models as
select m.provider, m.slug, m.name, m.canonical_slug,
    case
        when not p.enabled then 'provider_disabled'
        when p.kind = 'openrouter' and not exists (select from routing_credentials c where c.provider = p.name and c.state = 'active') then 'no_key'
        when m.gone_at is not null or p.synced_at is null then 'gone'
        when not coalesce(m.manual_enabled, true) then 'disabled'
        when r.origin is null then 'price_unknown'
        else 'selectable'
    end as state,
    coalesce(m.manual_context_tokens, m.context_tokens) as context_tokens,
    coalesce(m.manual_max_output_tokens, m.max_output_tokens) as max_output_tokens,
    coalesce(m.manual_input_modalities, m.input_modalities) as input_modalities, m.output_modalities,
    coalesce(m.manual_parameters, m.parameters) as parameters,
    coalesce(m.manual_zero_retention, p.zero_retention) as zero_retention,
    coalesce(m.manual_regions, p.regions) as regions,
    m.manual_quality as quality,
    r.origin as price_origin, r.prompt_usd, r.completion_usd, r.request_usd, r.image_usd, r.search_usd,
    r.cache_read_usd, r.cache_write_usd, r.cache_write_1h_usd, r.reasoning_usd, r.discount, r.overrides, r.valid_from as price_since,
    m.listed_at, m.expires_at, m.first_seen_at, m.gone_at, m.corrected_at, m.corrected_by, m.note
from routing_models m
join routing_providers p on p.name = m.provider
left join lateral (
    select origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd,
        discount, overrides, valid_from
    from routing_model_prices
    where provider = m.provider and slug = m.slug and valid_to is null
    order by array_position(array['manual', 'provider', 'ceiling'], origin)
    limit 1
) r on true;
grant select on v_models to engine, engine_reader;

-- Providers without their secrets; headers are left out too, for what somebody may have put into them.
create view v_providers as
select p.name, p.kind, p.base_url, p.enabled, p.zero_retention, p.regions, p.updated_at, p.tried_at, p.synced_at, p.sync_problem,
    a.fingerprint as active_key, a.promoted_at as active_since, a.verified_at as active_verified_at, s.fingerprint as staged_key,
    (select count(*) from routing_models m where m.provider = p.name and m.gone_at is null) as models, p.origin
from routing_providers p
left join routing_credentials a on a.provider = p.name and a.state = 'active'
left join routing_credentials s on s.provider = p.name and s.state = 'staged';
grant select on v_providers to engine_reader;

create view v_model_changes as
select change_id, changed_at, provider, slug, kind, detail
from routing_model_changes;
grant select on v_model_changes to engine_reader;

create view v_model_prices as
select provider, slug, origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd,
    reasoning_usd, discount, overrides, valid_from, valid_to, set_by
from routing_model_prices;
grant select on v_model_prices to engine_reader;
create view v_routing_policies as
select policy, version, is_active, (policy_config ->> 'max_cost_per_task_usd')::numeric(18, 8) as max_cost_per_task_usd,
    (select string_agg(m.value ->> 'model', ' → ' order by (m.value ->> 'priority')::integer, m.ordinality)
     from jsonb_array_elements(policy_config -> 'models') with ordinality m) as models,
    policy_config, note, created_by, created_at
from routing_policies;
grant select on v_routing_policies to engine_reader;

create view v_routing_task_types as
select t.task_type, t.policy, t.preference, p.version as policy_version
from routing_task_types t
left join routing_policies p on p.policy = t.policy and p.is_active;
grant select on v_routing_task_types to engine_reader;
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

create view error_groups as
with mutes as (
    select group_key, until, until_release from error_mutes where ended_at is null
), origins as (
    select f.group_key, array_agg(distinct o.service order by o.service) filter (where o.service <> '') as services,
        array_agg(distinct o.release order by o.release) filter (where o.release <> '') as releases
    from error_origins o join error_fingerprints f using (fingerprint)
    group by f.group_key
), sums as (
    select group_key, sum(count)::bigint as count, min(first_seen) as first_seen, max(last_seen) as last_seen, min(found_at) as found_at, max(level) as level, count(*) as fingerprints
    from error_fingerprints
    group by group_key
)
select s.group_key as fingerprint, (array['unknown', 'trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical'])[s.level + 1] as level,
    r.type, r.root_type, r.template, r.frames, s.count, s.first_seen, s.last_seen, s.found_at, coalesce(o.services, '{}') as services, coalesce(o.releases, '{}') as releases, s.fingerprints,
    case when m.group_key is not null then 'muted' when r.resolved_at is not null then 'resolved' else 'open' end as state,
    m.until as muted_until, m.until_release as muted_until_release, r.resolved_at, r.resolved_in, r.resolved_by, t.task_id
from sums s
join error_fingerprints r on r.fingerprint = s.group_key
left join origins o on o.group_key = s.group_key
left join mutes m on m.group_key = s.group_key
left join lateral (
    select n.task_id from log_findings n where n.group_key = s.group_key and n.task_id is not null order by n.found_at desc limit 1
) t on true;
grant select on error_groups to engine, engine_reader;

create view v_error_rates as
select f.group_key as fingerprint, c.span, c.at, sum(c.count)::bigint as count
from error_counts c join error_fingerprints f using (fingerprint)
group by f.group_key, c.span, c.at;
grant select on v_error_rates to engine, engine_reader;

create view v_crawl_health as
select s.name, s.kind, s.is_enabled, c.holder, c.lease_until, c.read_at, c.event_at, c.problem, c.behind_bytes, c.lines, c.bytes, c.events, c.errors, c.dropped_bytes, c.dropped_errors
from log_sources s left join log_crawls c using (source_id);
grant select on v_crawl_health to engine, engine_reader;

create view v_log_findings as
select f.finding_id, f.kind, f.rule, f.group_key as fingerprint, f.priority, f.title, f.reason, f.service, f.release, f.first_seen, f.last_seen, f.count, f.found_at, f.task_id, f.filed_at,
    (select count(*) from log_storm_members m where m.finding_id = f.finding_id) as members
from log_findings f;
grant select on v_log_findings to engine_reader;

create view v_error_events as
select e.event_id, f.group_key as fingerprint, e.at, s.name as source, e.service, e.text
from error_events e join error_fingerprints f using (fingerprint) left join log_sources s using (source_id);
grant select on v_error_events to engine_reader;

create view v_error_aliases as
select fingerprint, group_key, kind, reason, made_at, made_by, ended_at, ended_by from error_aliases;
grant select on v_error_aliases to engine_reader;
