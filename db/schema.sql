-- The tables, functions and rights as all migrations together leave them; db/views.sql has the views. Nothing runs this file:
-- it is here to be read, and a test compares it with a migrated database. Roles are in db/roles.sql.

create table schema_migrations (
    number     integer primary key,
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null
);
grant select on schema_migrations to engine;

-- API tokens: who may call the engine, as what. The secret itself is never stored.
create table api_tokens (
    token_id      uuid primary key,
    prefix        text not null unique check (prefix ~ '^[a-z2-7]{8}$'),
    secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
    name          text not null check (char_length(name) between 1 and 100),
    role          text not null check (role in ('reader', 'operator', 'approver', 'admin')),
    tenant        text check (char_length(tenant) between 1 and 100),
    created_at    timestamptz not null,
    created_by    text not null,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    constraint token_expires_after_creation check (expires_at > created_at)
);
create index api_tokens_by_creation on api_tokens (created_at desc, token_id desc);
grant select, insert on api_tokens to engine;
grant update (revoked_at, last_used_at) on api_tokens to engine;

-- The answer to each request that named an Idempotency-Key, stored in the transaction of what the request created.
create table idempotency_keys (
    caller         text not null,
    key            text not null check (char_length(key) between 1 and 200),
    request_sha256 bytea not null check (octet_length(request_sha256) = 32),
    body           jsonb not null,
    created_at     timestamptz not null,
    primary key (caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
grant select, insert, delete on idempotency_keys to engine;

-- The audit log: who did what to what, append-only, with a hash chain that shows every later change.
-- An entry is written in the transaction of what it records; it is linked into the chain a moment later, by one node at a
-- time (ops/decisions/0001-audit-chain.md says why). No foreign keys: they would lock rows of the log, and
-- `engine audit verify` checks more than they could.

create table audit_log (
    entry_id    uuid primary key,
    recorded_at timestamptz not null,
    actor       text not null,
    action      text not null,
    subject     text not null,
    details     jsonb not null default '{}',
    source      text,
    constraint audit_actor_length check (char_length(actor) between 1 and 200),
    constraint audit_action_length check (char_length(action) between 1 and 100),
    constraint audit_subject_length check (char_length(subject) between 1 and 500),
    constraint audit_source_length check (char_length(source) between 1 and 200),
    constraint audit_details_form check (jsonb_typeof(details) = 'object' and octet_length(details::text) <= 65536)
);
create index audit_log_by_time on audit_log (recorded_at, entry_id);
create index audit_log_by_actor on audit_log (actor, recorded_at, entry_id);
create index audit_log_by_action on audit_log (action, recorded_at, entry_id);
create index audit_log_by_subject on audit_log (subject, recorded_at, entry_id);

-- Entries that wait to be linked, oldest first.
create table audit_unchained (
    recorded_at timestamptz not null,
    entry_id    uuid not null,
    primary key (recorded_at, entry_id)
);

-- One row is one link: chain_hash = sha256(chain_hash of the position before || entry_hash || position as 8 bytes, big-endian).
create table audit_chain (
    position   bigint primary key check (position > 0),
    entry_id   uuid not null unique,
    entry_hash bytea not null check (octet_length(entry_hash) = 32),
    chain_hash bytea not null check (octet_length(chain_hash) = 32),
    chained_at timestamptz not null
);

create function refuse_audit_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_audit_change();
create trigger audit_chain_append_only before update or delete or truncate on audit_chain
    for each statement execute function refuse_audit_change();

-- The highest position ever reached, where a delete from the tables does not reach it.
create sequence audit_positions;

-- Moves audit_positions to the end of the chain, never back. setval and not nextval: nextval may skip values when
-- PostgreSQL recovers from a crash. Called after the links are committed, because setval is not undone by a rollback.
create function note_audit_position() returns void
language sql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
    select pg_advisory_xact_lock(6940364);
    select setval('audit_positions', chain.top)
    from (select max(position) as top from audit_chain) chain, audit_positions reached
    where chain.top > reached.last_value or (chain.top = reached.last_value and not reached.is_called);
$$;
revoke execute on function note_audit_position() from public;

grant select, insert on audit_log, audit_chain to engine;
grant select, insert, delete on audit_unchained to engine;
grant select on audit_positions to engine;
grant execute on function note_audit_position() to engine;

-- Duties that run by the clock. A schedule only proposes (schedule, fire time); the row of that fire decides that it happens once.
create table schedules (
    name           text primary key check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    duty           text not null,
    cron           text not null check (char_length(cron) between 11 and 200),
    time_zone      text not null default 'UTC',
    misfire_policy text not null default 'fire_once' check (misfire_policy in ('fire_once', 'skip')),
    enabled        boolean not null default true,
    version        bigint not null default 1 check (version >= 1),
    updated_at     timestamptz not null
);
grant select on schedules to engine;
grant update (cron, time_zone, misfire_policy, enabled, version, updated_at) on schedules to engine;

-- One row is one fire: waiting without started_at, running without outcome, then finished.
create table schedule_fires (
    fire_id     uuid primary key,
    name        text not null references schedules (name),
    fire_time   timestamptz not null,
    manual      boolean not null,
    started_at  timestamptz,
    finished_at timestamptz,
    outcome     text check (outcome in ('succeeded', 'failed')),
    detail      text check (char_length(detail) <= 2000),
    constraint fire_has_outcome_when_finished check ((finished_at is null) = (outcome is null)),
    constraint fire_finishes_after_start check (finished_at is null or started_at is not null)
);
create unique index schedule_fires_once on schedule_fires (name, fire_time) where not manual;
create index schedule_fires_by_time on schedule_fires (name, fire_time desc, fire_id desc);
create index schedule_fires_by_age on schedule_fires (fire_time);
create index schedule_fires_open on schedule_fires (fire_time) where outcome is null;
grant select, insert, delete on schedule_fires to engine;
grant update (started_at, finished_at, outcome, detail) on schedule_fires to engine;

-- The tables of Quartz's clustered store, as Quartz 4 ships them (Quartz.Impl.AdoJobStore.Schema.create_postgres.sql). They follow
-- the schedules above and hold nothing that could not be made again from them, save when each fires next.
create table qrtz_job_details (
    sched_name text not null,
    job_name text not null,
    job_group text not null,
    description text,
    job_class_name text not null,
    is_durable boolean not null,
    is_nonconcurrent boolean not null,
    is_update_data boolean not null,
    requests_recovery boolean not null,
    job_data bytea,
    primary key (sched_name, job_name, job_group)
);

create table qrtz_triggers (
    sched_name text not null,
    trigger_name text not null,
    trigger_group text not null,
    job_name text not null,
    job_group text not null,
    description text,
    next_fire_time bigint,
    prev_fire_time bigint,
    priority integer,
    trigger_state text not null,
    trigger_type text not null,
    start_time bigint not null,
    end_time bigint,
    calendar_name text,
    misfire_instr smallint,
    misfire_orig_fire_time bigint,
    execution_group varchar(200),
    preferred_node varchar(200),
    preferred_node_auto boolean not null default false,
    retry_policy varchar(250),
    retry_attempt integer,
    job_data bytea,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, job_name, job_group)
        references qrtz_job_details (sched_name, job_name, job_group)
);

create table qrtz_simple_triggers (
    sched_name text not null,
    trigger_name text not null,
    trigger_group text not null,
    repeat_count bigint not null,
    repeat_interval bigint not null,
    times_triggered bigint not null,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group)
        references qrtz_triggers (sched_name, trigger_name, trigger_group) on delete cascade
);

create table qrtz_cron_triggers (
    sched_name text not null,
    trigger_name text not null,
    trigger_group text not null,
    cron_expression text not null,
    time_zone_id text,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group)
        references qrtz_triggers (sched_name, trigger_name, trigger_group) on delete cascade
);

create table qrtz_simprop_triggers (
    sched_name text not null,
    trigger_name text not null,
    trigger_group text not null,
    str_prop_1 text,
    str_prop_2 text,
    str_prop_3 text,
    int_prop_1 integer,
    int_prop_2 integer,
    long_prop_1 bigint,
    long_prop_2 bigint,
    dec_prop_1 numeric,
    dec_prop_2 numeric,
    bool_prop_1 boolean,
    bool_prop_2 boolean,
    time_zone_id text,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group)
        references qrtz_triggers (sched_name, trigger_name, trigger_group) on delete cascade
);

create table qrtz_blob_triggers (
    sched_name text not null,
    trigger_name text not null,
    trigger_group text not null,
    blob_data bytea,
    primary key (sched_name, trigger_name, trigger_group),
    foreign key (sched_name, trigger_name, trigger_group)
        references qrtz_triggers (sched_name, trigger_name, trigger_group) on delete cascade
);

create table qrtz_calendars (
    sched_name text not null,
    calendar_name text not null,
    calendar bytea not null,
    primary key (sched_name, calendar_name)
);

create table qrtz_paused_trigger_grps (
    sched_name text not null,
    trigger_group text not null,
    primary key (sched_name, trigger_group)
);

create table qrtz_paused_job_grps (
    sched_name text not null,
    job_group text not null,
    primary key (sched_name, job_group)
);

create table qrtz_fired_triggers (
    sched_name text not null,
    entry_id text not null,
    trigger_name text not null,
    trigger_group text not null,
    instance_name text not null,
    fired_time bigint not null,
    sched_time bigint not null,
    priority integer not null,
    state text not null,
    job_name text,
    job_group text,
    is_nonconcurrent boolean not null,
    requests_recovery boolean,
    execution_group varchar(200),
    primary key (sched_name, entry_id)
);

create table qrtz_scheduler_state (
    sched_name text not null,
    instance_name text not null,
    last_checkin_time bigint not null,
    checkin_interval bigint not null,
    primary key (sched_name, instance_name)
);

create table qrtz_locks (
    sched_name text not null,
    lock_name text not null,
    primary key (sched_name, lock_name)
);
create index idx_qrtz_j_g_n on qrtz_job_details (sched_name, job_group, job_name);
create index idx_qrtz_t_j on qrtz_triggers (sched_name, job_name, job_group);
create index idx_qrtz_t_g_n on qrtz_triggers (sched_name, trigger_group, trigger_name);
create index idx_qrtz_t_c on qrtz_triggers (sched_name, calendar_name);
create index idx_qrtz_t_nft_st on qrtz_triggers (sched_name, trigger_state, next_fire_time asc, priority desc, misfire_instr);
create index idx_qrtz_ft_inst_job_req_rcvry on qrtz_fired_triggers (sched_name, instance_name, requests_recovery);
create index idx_qrtz_ft_j_g on qrtz_fired_triggers (sched_name, job_name, job_group);
create index idx_qrtz_ft_t_g on qrtz_fired_triggers (sched_name, trigger_name, trigger_group);

grant select, insert, update, delete on
    qrtz_job_details, qrtz_triggers, qrtz_simple_triggers, qrtz_cron_triggers, qrtz_simprop_triggers, qrtz_blob_triggers, qrtz_calendars,
    qrtz_paused_trigger_grps, qrtz_paused_job_grps, qrtz_fired_triggers, qrtz_scheduler_state, qrtz_locks
to engine;

-- Governance tasks. What never changes of a task is its row in tasks, but for the deadline, which a redrive may move; its state is
-- which of the narrow tables its one small row is in: ready, leases, due, held, waiting, gated or parked; a task that has ended is
-- in none. Claims and completions move small rows and never rewrite the payload. Every claim raises the epoch, and ends with exactly one row in task_attempts.
-- No foreign keys and no unnecessary index here: they would lock or log on each of many thousand moves a second.

-- Lanes: one for each combination by which workers choose, so that the order of claims is the order of one index.
-- priority: 0 critical, 1 high, 2 normal, 3 low, 4 deferred. solo: tasks that have lost two workers run one at a time.
create table task_lanes (
    lane_id  integer generated always as identity primary key,
    kind     text not null check (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    requires text[] not null default '{}',
    priority smallint not null check (priority between 0 and 4),
    solo     boolean not null default false,
    unique (kind, requires, priority, solo)
);

-- What the engines know how to do; each writes its kinds when it starts.
create table task_kinds (
    kind           text primary key,
    lease_ms       integer not null check (lease_ms between 5000 and 3600000),
    payload_schema jsonb not null,
    seen_at        timestamptz not null
);

-- The task ids are UUIDs of version 7: the range of ids is the range of filing times, so a partition holds the tasks of a day.
create table tasks (
    task_id         uuid not null,
    lane_id         integer not null,
    filed_at        timestamptz not null,
    filed_by        text not null check (char_length(filed_by) between 1 and 200),
    dry_run         boolean not null default false,
    deadline_at     timestamptz,
    dedup_key       text check (char_length(dedup_key) between 1 and 500),
    concurrency_key text check (char_length(concurrency_key) between 1 and 500),
    origin_id       uuid,
    payload         jsonb not null,
    primary key (task_id)
) partition by range (task_id);
create table tasks_default partition of tasks default;
create index tasks_by_dedup_key on tasks (dedup_key, task_id) where dedup_key is not null;
create index tasks_by_origin on tasks (origin_id, task_id) where origin_id is not null;
create index tasks_by_filing on tasks using brin (filed_at) with (pages_per_range = 16, autosummarize = on);

-- Flags of a narrow row: 1 others depend on it, 2 it holds a dedup key, 4 it needs a slot of its concurrency key.
-- failures: attempts charged since it was filed or redriven; losses: workers that were lost with it since then.
create sequence task_order;
create table task_ready (
    task_id      uuid primary key,
    seq          bigint not null default nextval('task_order'),
    epoch        bigint not null check (epoch >= 0),
    ready_at     timestamptz not null,
    lane_id      integer not null,
    failures     smallint not null default 0,
    losses       smallint not null default 0,
    flags        smallint not null default 0,
    avoid_worker bigint
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create index task_ready_in_order on task_ready (lane_id, seq);

-- Without any index: its rows are found by their place (ctid), which the holder was told; only rare commands look through all.
create table task_leases (
    task_id    uuid not null,
    epoch      bigint not null check (epoch > 0),
    worker_id  bigint not null,
    claimed_at timestamptz not null,
    lane_id    integer not null,
    failures   smallint not null,
    losses     smallint not null,
    flags      smallint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

create table task_due (
    task_id  uuid primary key,
    due_at   timestamptz not null,
    epoch    bigint not null check (epoch >= 0),
    lane_id  integer not null,
    failures smallint not null default 0,
    losses   smallint not null default 0,
    flags    smallint not null default 0,
    reason   text not null check (reason in ('later', 'retry', 'snoozed'))
);
create index task_due_in_order on task_due (due_at);

-- Waits for a slot of its concurrency key.
create table task_held (
    task_id         uuid primary key,
    concurrency_key text not null,
    seq             bigint not null default nextval('task_order'),
    held_at         timestamptz not null,
    epoch           bigint not null check (epoch >= 0),
    lane_id         integer not null,
    failures        smallint not null default 0,
    losses          smallint not null default 0,
    flags           smallint not null
);
create index task_held_in_order on task_held (concurrency_key, seq);

-- Waits for parents: open counts those that have not succeeded, failed those of them that ended otherwise (which blocks it).
create table task_waiting (
    task_id  uuid primary key,
    open     integer not null check (open >= 0),
    failed   integer not null default 0 check (failed between 0 and open),
    due_at   timestamptz,
    epoch    bigint not null default 0 check (epoch >= 0),
    lane_id  integer not null,
    failures smallint not null default 0,
    losses   smallint not null default 0,
    flags    smallint not null default 0
);

-- Waits for a person or a signal: no slot, no lease, no heartbeat.
create table task_gated (
    task_id    uuid primary key,
    gate       text not null,
    waits_for  text not null check (waits_for in ('approval', 'signal')),
    opened_at  timestamptz not null,
    expires_at timestamptz,
    epoch      bigint not null check (epoch > 0),
    lane_id    integer not null,
    failures   smallint not null default 0,
    losses     smallint not null default 0,
    flags      smallint not null default 0
);
create index task_gated_by_expiry on task_gated (expires_at) where expires_at is not null;

-- Needs a person: blocked.
create table task_parked (
    task_id   uuid primary key,
    parked_at timestamptz not null,
    reason    text not null check (char_length(reason) between 1 and 2000),
    epoch     bigint not null check (epoch >= 0),
    lane_id   integer not null,
    failures  smallint not null default 0,
    losses    smallint not null default 0,
    flags     smallint not null default 0
);

-- How each claim ended, append-only; the last one of an ended task says with what. A redriven task's last one is marked reopened.
-- worker_id and claimed_at are null when the task was ended without a claim. outcome lost: its worker was heard of no more; returned: given back
-- unharmed, by its worker or, when that had stopped without it, for it.
create table task_attempts (
    task_id     uuid not null,
    epoch       bigint not null,
    worker_id   bigint,
    claimed_at  timestamptz,
    ended_at    timestamptz not null,
    lane_id     integer not null,
    outcome     text not null check (outcome in ('succeeded', 'failed', 'cancelled', 'dead', 'retried', 'blocked', 'gated', 'snoozed', 'returned', 'reassigned', 'lost')),
    final_state text check (final_state in ('succeeded', 'failed', 'cancelled', 'dead')),
    fault       text check (fault in ('transient', 'worker_lost', 'task_fault', 'persistent')),
    error       text check (char_length(error) <= 4000),
    result      jsonb,
    reopened_at timestamptz,
    primary key (task_id, epoch)
) partition by range (task_id);
create table task_attempts_default partition of task_attempts default;
create index task_attempts_by_end on task_attempts using brin (ended_at) with (pages_per_range = 16, autosummarize = on);
create index task_attempts_unsuccessful on task_attempts (final_state, task_id)
    where final_state in ('failed', 'cancelled', 'dead') and reopened_at is null;

-- What a task tells of itself, and what people did to it.
create sequence task_note_order;
create table task_notes (
    task_id  uuid not null,
    note_id  bigint not null default nextval('task_note_order'),
    noted_at timestamptz not null,
    epoch    bigint not null,
    event    text not null check (event ~ '^[a-z][a-z0-9_]{0,62}$'),
    actor    text not null check (char_length(actor) between 1 and 200),
    detail   jsonb not null default '{}' check (octet_length(detail::text) <= 65536),
    primary key (task_id, note_id)
) partition by range (task_id);
create table task_notes_default partition of task_notes default;
create index task_notes_by_time on task_notes using brin (noted_at) with (pages_per_range = 16, autosummarize = on);

create table task_dependencies (
    child_id  uuid not null,
    parent_id uuid not null,
    settled   text check (settled in ('succeeded', 'failed')),
    primary key (child_id, parent_id)
);
create index task_dependencies_by_parent on task_dependencies (parent_id);

-- One row is one gate of one task; the decision may come before the task asks. The first decision of an opening stands. kept: a further
-- signal, which came after the last opening was answered and before the next one: it answers that.
create table task_gates (
    task_id     uuid not null,
    gate        text not null check (gate ~ '^[a-z][a-z0-9_]{0,62}$'),
    epoch       bigint,
    opened_at   timestamptz,
    decision    text check (decision in ('approved', 'rejected', 'expired', 'signalled')),
    decided_by  text check (char_length(decided_by) between 1 and 200),
    decided_at  timestamptz,
    detail      jsonb,
    kept_by     text check (char_length(kept_by) between 1 and 200),
    kept_at     timestamptz,
    kept_detail jsonb,
    primary key (task_id, gate),
    constraint gate_decision_whole check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
    constraint gate_kept_whole check ((kept_by is null) = (kept_at is null) and (kept_by is not null or kept_detail is null))
);
create index task_gates_by_opening on task_gates (opened_at) where opened_at is not null;
create index task_gates_by_decision on task_gates (decided_at) where decided_at is not null;

-- The live task of each dedup key.
create table task_keys (
    dedup_key text primary key,
    task_id   uuid not null
);

-- How many tasks of a concurrency key may run, and who has the slots. idle_since: since when no live task has had the key, and its
-- slots are gone; its limit is remembered for those that may be brought back.
create table task_concurrency (
    concurrency_key text primary key,
    max_running     integer not null check (max_running between 1 and 1000),
    idle_since      timestamptz
);
create table task_slots (
    concurrency_key text not null,
    slot            integer not null,
    task_id         uuid,
    primary key (concurrency_key, slot)
);
create unique index task_slots_by_task on task_slots (task_id) where task_id is not null;

-- Rate limits by the generic cell rate algorithm: free_at is when the next start would be free of debt. '*' is all kinds together.
create table task_rates (
    scope      text primary key,
    per_second double precision not null check (per_second > 0),
    burst      integer not null check (burst >= 1),
    free_at    timestamptz not null
);

-- A kind that fails too often stands still for all workers; then one probe at a time. recent: its last outcomes while it stands
-- still, newest last, s or f.
create table task_breakers (
    kind        text primary key,
    state       text not null check (state in ('closed', 'open', 'probing')),
    changed_at  timestamptz not null,
    retry_at    timestamptz,
    openings    integer not null default 0,
    recent      text not null default '' check (recent ~ '^[sf]{0,10}$'),
    reason      text,
    probe_by    bigint,
    probe_until timestamptz
);

-- What holds for all engines on this database: one row.
create table task_engine (
    only_row     boolean primary key default true check (only_row),
    mode         text not null check (mode in ('running', 'paused', 'stopped')),
    changed_at   timestamptz not null,
    changed_by   text not null,
    min_protocol integer not null
);
insert into task_engine (mode, changed_at, changed_by, min_protocol) values ('running', 'epoch', 'migration', 1);

-- A worker is one start of one process: a restart is another worker. generation grows when a worker loses touch with what it claimed:
-- claims under an older one come to nothing.
create table workers (
    worker_id      bigint generated always as identity primary key,
    host           text not null,
    process_id     integer not null,
    engine_version text not null,
    protocol       integer not null,
    kinds          text[] not null,
    capabilities   text[] not null,
    proficiency    jsonb not null default '{}',
    slots          integer not null check (slots >= 0),
    state          text not null check (state in ('idle', 'busy', 'offline', 'failed')),
    draining       boolean not null default false,
    generation     bigint not null default 0,
    started_at     timestamptz not null,
    beat_at        timestamptz not null,
    lease_until    timestamptz not null,
    running        integer not null default 0,
    recent         text not null default '' check (recent ~ '^[sf]{0,10}$'),
    mean_run_ms    double precision,
    kind_run_ms    jsonb not null default '{}',
    health         text not null default 'healthy' check (health in ('healthy', 'degraded', 'unhealthy')),
    cleared_at     timestamptz
);
create index workers_alive on workers (lease_until) where state in ('idle', 'busy');
create index workers_uncleared on workers (worker_id) where state in ('offline', 'failed') and cleared_at is null;

-- The first id of a moment: its milliseconds are the first 48 bits of a UUID of version 7.
create function first_task_id(moment timestamptz) returns uuid
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
    select (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the partitions of the days from first_day on, and moves there what had come before them.
create function make_task_partitions(first_day date, days integer) returns integer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s' as $$
declare
    made integer := 0;
    part text;
    day date;
    parent text;
begin
    perform pg_advisory_xact_lock(6940365);
    for n in 0 .. least(days, 60) - 1 loop
        day := first_day + n;
        foreach parent in array array['tasks', 'task_attempts', 'task_notes'] loop
            part := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
            continue when to_regclass(part) is not null;
            execute format('create table public.%I (like public.%I including defaults including constraints including storage)', part, parent);
            execute format('with moved as (delete from %I where task_id >= first_task_id(%L) and task_id < first_task_id(%L) returning *) insert into %I select * from moved',
                parent || '_default', day::timestamp at time zone 'utc', (day + 1)::timestamp at time zone 'utc', part);
            execute format('alter table %I attach partition %I for values from (first_task_id(%L)) to (first_task_id(%L))',
                parent, part, day::timestamp at time zone 'utc', (day + 1)::timestamp at time zone 'utc');
            made := made + 1;
        end loop;
    end loop;
    return made;
end $$;

-- Whether a task with an id from low on and below high is alive. Without scans of whole tables: statistics of those that swing
-- between empty and millions must not choose.
create function has_live_tasks(low uuid, high uuid) returns boolean
language sql stable set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
    select exists (select from task_ready where task_id >= low and task_id < high)
        or exists (select from task_leases where task_id >= low and task_id < high)
        or exists (select from task_due where task_id >= low and task_id < high)
        or exists (select from task_held where task_id >= low and task_id < high)
        or exists (select from task_waiting where task_id >= low and task_id < high)
        or exists (select from task_gated where task_id >= low and task_id < high)
        or exists (select from task_parked where task_id >= low and task_id < high)
$$;

-- Drops the oldest day that ended before a moment and has no living task, whole. Returns that day, or nothing: one at a time, since
-- claims and filings stand still from the locks to the end of the transaction. They stand still for the wait for the locks too, so that
-- is short; and it is shorter than a deadlock is looked for, so whoever this meets crosswise goes on. Whether something lives is
-- looked at again under the locks: before, a task may have been on its way back. What takes time is done before them.
create function drop_task_partitions(before timestamptz) returns setof date
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '500ms' as $$
declare
    day date;
    low uuid;
    high uuid;
begin
    perform pg_advisory_xact_lock(6940365);
    for day in
        select to_date(right(c.relname, 8), 'YYYYMMDD') from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.tasks'::regclass and c.relname ~ '^tasks_[0-9]{8}$' order by 1
    loop
        exit when (day + 1)::timestamp at time zone 'utc' > before;
        low := first_task_id(day::timestamp at time zone 'utc');
        high := first_task_id((day + 1)::timestamp at time zone 'utc');
        continue when has_live_tasks(low, high);
        begin
            delete from task_dependencies where child_id >= low and child_id < high;
            delete from task_gates where task_id >= low and task_id < high;
            -- In the order in which workers use them: they report what has ended, and read what they claim.
            lock table only public.task_attempts, only public.task_notes, only public.tasks in access exclusive mode;
            if has_live_tasks(low, high) then raise object_in_use; end if;
            execute format('drop table if exists public.%I', 'task_attempts_' || to_char(day, 'YYYYMMDD'));
            execute format('drop table if exists public.%I', 'task_notes_' || to_char(day, 'YYYYMMDD'));
            execute format('drop table public.%I', 'tasks_' || to_char(day, 'YYYYMMDD'));
            return next day;
            return;
        exception when object_in_use then null; -- a task was brought back; nothing of this day has changed, and the locks are gone
        end;
    end loop;
end $$;

-- The sessions and transactions that keep the database from clearing up behind the tasks: the oldest first.
create function oldest_snapshots() returns table (held_by text, started_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select format('session %s of %s (%s)', pid, coalesce(usename, '?'), coalesce(nullif(application_name, ''), 'unnamed')), xact_start
    from pg_stat_activity
    where backend_type = 'client backend' and xact_start is not null and (backend_xmin is not null or backend_xid is not null)
        and pid <> pg_backend_pid() and datname = current_database()
    union all
    select format('prepared transaction %s', gid), prepared from pg_prepared_xacts where database = current_database()
    order by 2 limit 5
$$;

-- Since when the oldest transaction is open that may still write: what it writes bears times from then on, and is seen only when it
-- commits. Sees what the schema's owner may see; others are for the caller to look for.
create function oldest_transaction() returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select min(xact_start) from pg_stat_activity
    where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid() and (backend_xid is not null or usename = session_user)
$$;
revoke execute on function oldest_transaction() from public;
grant execute on function oldest_transaction() to engine;

revoke execute on function
    make_task_partitions(date, integer), has_live_tasks(uuid, uuid), drop_task_partitions(timestamptz), oldest_snapshots()
from public;
grant execute on function make_task_partitions(date, integer), drop_task_partitions(timestamptz), oldest_snapshots() to engine;

grant select, insert on task_lanes to engine;
grant select, insert, update (deadline_at) on tasks to engine;
grant select, insert, update (reopened_at) on task_attempts to engine;
grant select, insert on task_notes to engine;
grant select, insert, update, delete on
    task_ready, task_leases, task_due, task_held, task_waiting, task_gated, task_parked, task_dependencies, task_gates, task_keys,
    task_concurrency, task_slots, task_rates, task_breakers, task_kinds, workers
to engine;
grant select, update on task_engine to engine;
grant usage on sequence task_order, task_note_order to engine;

-- When to look whether a task has passed its deadline. Not an index over tasks: that would have to be looked through past all
-- the tasks that have ended in time. A row is deleted when its time has come, whether the task was still alive or not.
create table task_deadlines (
    task_id uuid primary key,
    look_at timestamptz not null
);
create index task_deadlines_in_order on task_deadlines (look_at);
grant select, insert, update, delete on task_deadlines to engine;

-- The failures of a kind, the latest ones found fast; attempts that went well are not in it.
create index task_attempts_failed on task_attempts (lane_id, ended_at) where fault is not null;
