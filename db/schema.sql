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
    role          text not null check (role in ('reader', 'operator', 'approver', 'sender', 'admin')),
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

-- What calls to models may cost, what they cost, and the ledger of all of them.

-- Budgets: how much may be spent by whom in what time. scope_key names whose it is; '*' stands for each one by itself, such as every tenant.
-- A hard budget is never passed; a soft one only tells. origin policy: it follows the policy's own limit for a task.
create table cost_budgets (
    budget_id       uuid primary key,
    scope           text not null check (scope in ('total', 'tenant', 'policy', 'task_kind', 'model', 'provider', 'worker')),
    scope_key       text not null default '' check (char_length(scope_key) <= 200),
    period          text not null check (period in ('task', 'day', 'week', 'month', 'lifetime')),
    time_zone       text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
    amount_usd      numeric(20, 12) not null check (amount_usd between 0 and 10000000),
    alert_threshold numeric(4, 3) not null default 0.8 check (alert_threshold > 0 and alert_threshold <= 1),
    is_hard         boolean not null default true,
    is_enabled      boolean not null default true,
    origin          text not null default 'operator' check (origin in ('operator', 'policy')),
    version         bigint not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    updated_by      text not null check (char_length(updated_by) between 1 and 200),
    constraint total_has_no_key check ((scope = 'total') = (scope_key = '')),
    unique (scope, scope_key, period)
);

-- Grows with every change of a budget, in its transaction: a process whose number is another one enters no call before it has read the budgets anew.
create table budget_changes (
    only_row boolean primary key default true check (only_row),
    change   bigint not null
);
insert into budget_changes (change) values (1);

-- One row for each window of a budget: a day, week or month by the start of it in the budget's time zone, a task by its id. granted is the sum of
-- the slices of all processes: money that calls hold or will. settled + granted <= amount is what grants keep to under the row's lock.
-- is_tight: so little is left that each hold is granted by itself. subject: whose window, where the budget's key is '*'.
create table budget_windows (
    budget_id    uuid not null,
    window_key   text not null check (char_length(window_key) between 1 and 300),
    subject      text not null default '',
    starts_at    timestamptz,
    ends_at      timestamptz,
    opened_at    timestamptz not null,
    settled_usd  numeric(20, 12) not null default 0 check (settled_usd >= 0),
    granted_usd  numeric(20, 12) not null default 0 check (granted_usd >= 0),
    calls        bigint not null default 0,
    refused      bigint not null default 0,
    is_tight     boolean not null default false,
    alerted_at   timestamptz,
    exhausted_at timestamptz,
    primary key (budget_id, window_key)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index budget_windows_by_age on budget_windows (opened_at);

-- One start of one process that holds money. generation grows when it loses touch with what it wrote: what was on its way under an older one
-- comes to nothing. When its lease has run out, its slices are taken apart.
create table budget_holders (
    holder_id   uuid primary key,
    host        text not null,
    process_id  integer not null,
    generation  bigint not null default 1,
    started_at  timestamptz not null,
    lease_until timestamptz not null,
    ended_at    timestamptz
) with (fillfactor = 50);
create index budget_holders_alive on budget_holders (lease_until) where ended_at is null;

-- What a process may still spend or hold in a window. is_exact: nothing of it is free, each hold came by itself.
create table budget_slices (
    budget_id   uuid not null,
    window_key  text not null,
    holder_id   uuid not null,
    granted_usd numeric(20, 12) not null check (granted_usd >= 0),
    is_exact    boolean not null,
    primary key (budget_id, window_key, holder_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index budget_slices_of_holder on budget_slices (holder_id);

-- What people are told about budgets, once for each window.
create table budget_events (
    event_id   uuid primary key,
    budget_id  uuid not null,
    window_key text not null,
    event      text not null check (event in ('threshold', 'exhausted', 'cost_over_hold')),
    at         timestamptz not null,
    detail     jsonb not null default '{}'
);
create index budget_events_by_time on budget_events (at);

-- Every attempted call, entered before it leaves. open: it is under way, and may cost up to hold_usd. lost: its process died; cost_usd is its hold until the
-- provider tells. is_estimated: the provider has not told yet.
create table model_selections (
    selection_id       uuid primary key,
    request_id         uuid not null,
    attempt            smallint not null check (attempt >= 1),
    requested_at       timestamptz not null,
    task_id            uuid,
    task_epoch         bigint,
    task_kind          text check (char_length(task_kind) <= 200),
    tenant             text check (char_length(tenant) <= 200),
    worker             text check (char_length(worker) <= 200),
    policy             text not null check (char_length(policy) between 1 and 200),
    policy_version     integer not null,
    provider           text not null check (char_length(provider) between 1 and 200),
    model              text not null check (char_length(model) between 1 and 300),
    reasons            text[] not null default '{}',
    price              jsonb not null,
    max_tokens         integer not null,
    is_streamed        boolean not null,
    estimated_usd      numeric(20, 12) not null check (estimated_usd >= 0),
    hold_usd           numeric(20, 12) not null check (hold_usd >= 0),
    holder_id          uuid not null,
    budget_ids         uuid[] not null,
    window_keys        text[] not null,
    outcome            text not null default 'open' check (outcome in ('open', 'succeeded', 'failed', 'cancelled', 'lost')),
    is_estimated       boolean not null default true,
    cost_usd           numeric(20, 12) not null default 0 check (cost_usd >= 0),
    ended_at           timestamptz,
    settled_at         timestamptz,
    latency_ms         double precision,
    first_token_ms     double precision,
    error_kind         text check (char_length(error_kind) <= 100),
    error              text check (char_length(error) <= 2000),
    http_status        integer,
    generation_id      text check (char_length(generation_id) <= 300),
    served_model       text check (char_length(served_model) <= 300),
    served_by          text check (char_length(served_by) <= 200),
    finish_reason      text check (char_length(finish_reason) <= 100),
    prompt_tokens      bigint not null default 0,
    completion_tokens  bigint not null default 0,
    cached_tokens      bigint not null default 0,
    cache_write_tokens bigint not null default 0,
    reasoning_tokens   bigint not null default 0,
    ask_at             timestamptz,
    constraint ended_when_not_open check ((outcome = 'open') = (ended_at is null)),
    constraint windows_have_budgets check (cardinality(budget_ids) = cardinality(window_keys))
) with (fillfactor = 70);
create index model_selections_open on model_selections (holder_id) where outcome = 'open';
create index model_selections_to_ask on model_selections (coalesce(ask_at, ended_at)) where is_estimated and outcome <> 'open';
create index model_selections_by_task on model_selections (task_id) where task_id is not null;
create index model_selections_by_time on model_selections (requested_at);
create index model_selections_by_request on model_selections (request_id);

-- What calls have cost whose rows are not kept any more, by days in UTC: rows go into it in the transaction that deletes them.
create table model_spend (
    day               date not null,
    policy            text not null,
    provider          text not null,
    model             text not null,
    task_kind         text,
    tenant            text,
    worker            text,
    calls             bigint not null,
    succeeded         bigint not null,
    cost_usd          numeric(20, 12) not null,
    prompt_tokens     bigint not null,
    completion_tokens bigint not null,
    cached_tokens     bigint not null,
    latency_ms        double precision not null,
    timed_calls       bigint not null,
    constraint one_row_of_a_kind_a_day unique nulls not distinct (day, policy, provider, model, task_kind, tenant, worker)
);
comment on column model_spend.latency_ms is 'Sum over the calls that were timed.';
grant select, insert, update on model_spend to engine;

-- Every write of a process begins with this: it must be alive and of this generation, and stays so until the end of the transaction; and the budgets must be
-- those that it knows.
create function lock_budget_holder(holder uuid, its_generation bigint, moment timestamptz, known_change bigint) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    perform from budget_holders
    where holder_id = holder and generation = its_generation and ended_at is null and lease_until > moment
    for update;
    if not found then
        raise exception 'the holder % of generation % does not hold budgets any more', holder, its_generation using errcode = 'EB001';
    end if;
    if (select change from budget_changes) <> known_change then
        raise exception 'the budgets have changed' using errcode = 'EB002';
    end if;
end $$;
revoke execute on function lock_budget_holder(uuid, bigint, timestamptz, bigint) from public;
grant execute on function lock_budget_holder(uuid, bigint, timestamptz, bigint) to engine;

grant select, insert, update on cost_budgets, budget_holders to engine;
grant select, insert, update, delete on budget_windows to engine;
grant select, insert, update, delete on budget_slices to engine;
grant select, insert, delete on budget_events to engine;
grant select, insert, update, delete on model_selections to engine;
grant select, update on budget_changes to engine;
-- Where model calls go and with which key, what models there are, and what they cost.

-- One row is one service that answers model calls.
create table routing_providers (
    name           text primary key,
    kind           text not null,
    base_url       text not null,
    enabled        boolean not null default true,
    zero_retention boolean not null default false,
    regions        text[] not null default '{}',
    headers        jsonb not null default '{}',
    version        bigint not null default 1,
    updated_at     timestamptz not null,
    tried_at       timestamptz,
    synced_at      timestamptz,
    sync_problem   text,
    origin         text not null default 'operator',
    constraint provider_name_form check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    constraint provider_kind_known check (kind in ('openrouter', 'openai', 'emulator')),
    constraint provider_url_form check (base_url ~ '^https?://' and char_length(base_url) <= 500),
    constraint provider_headers_form check (jsonb_typeof(headers) = 'object' and octet_length(headers::text) <= 8192),
    constraint provider_version_counts check (version >= 1),
    constraint provider_problem_length check (char_length(sync_problem) <= 1000),
    constraint provider_origin_known check (origin in ('operator', 'engine'))
);
grant select, insert on routing_providers to engine;
grant update (kind, base_url, enabled, zero_retention, regions, headers, version, updated_at, tried_at, synced_at, sync_problem, origin) on routing_providers to engine;

-- One row is one key of a provider, sealed with AES-256-GCM under the key of the key ring that key_id names. Two slots and what has
-- left them: staged (to be tried), active (used), retiring (replaced, calls may still use it), retired (wiped).
create table routing_credentials (
    credential_id uuid primary key,
    provider      text not null references routing_providers (name),
    state         text not null,
    key_id        text,
    nonce         bytea,
    sealed        bytea,
    fingerprint   text not null,
    created_at    timestamptz not null,
    created_by    text not null,
    verified_at   timestamptz,
    promoted_at   timestamptz,
    replaced_at   timestamptz,
    retired_at    timestamptz,
    constraint credential_state_known check (state in ('staged', 'active', 'retiring', 'retired')),
    constraint credential_is_wiped_when_retired check ((state = 'retired') = (sealed is null)),
    constraint credential_is_sealed_whole check ((sealed is null) = (nonce is null) and (sealed is null) = (key_id is null)),
    constraint credential_nonce_length check (octet_length(nonce) = 12),
    constraint credential_sealed_length check (octet_length(sealed) between 17 and 4096),
    constraint credential_replaced_when_retiring check (state <> 'retiring' or replaced_at is not null),
    constraint credential_retired_when_retired check ((state = 'retired') = (retired_at is not null))
);
create unique index routing_credentials_one_active on routing_credentials (provider) where state = 'active';
create unique index routing_credentials_one_staged on routing_credentials (provider) where state = 'staged';
create index routing_credentials_by_provider on routing_credentials (provider, created_at);
grant select, insert on routing_credentials to engine;
grant update (state, key_id, nonce, sealed, verified_at, promoted_at, replaced_at, retired_at) on routing_credentials to engine;

-- One row is one model of one provider, as the provider last listed it; what an operator corrected stands beside it and wins.
create table routing_models (
    provider                 text not null references routing_providers (name),
    slug                     text not null,
    name                     text not null,
    canonical_slug           text,
    context_tokens           bigint,
    max_output_tokens        bigint,
    input_modalities         text[] not null,
    output_modalities        text[] not null,
    parameters               text[] not null,
    listed_at                timestamptz,
    expires_at               timestamptz,
    first_seen_at            timestamptz not null,
    gone_at                  timestamptz,
    manual_enabled           boolean,
    manual_context_tokens    bigint,
    manual_max_output_tokens bigint,
    manual_zero_retention    boolean,
    manual_regions           text[],
    manual_input_modalities  text[],
    manual_parameters        text[],
    manual_quality           double precision,
    note                     text,
    corrected_at             timestamptz,
    corrected_by             text,
    version                  bigint not null default 1,
    primary key (provider, slug),
    constraint model_slug_length check (char_length(slug) between 1 and 200),
    constraint model_name_length check (char_length(name) between 1 and 300),
    constraint model_tokens_positive check (context_tokens > 0 and max_output_tokens > 0),
    constraint model_manual_tokens_positive check (manual_context_tokens > 0 and manual_max_output_tokens > 0),
    constraint model_quality_is_a_share check (manual_quality between 0 and 1),
    constraint model_note_length check (char_length(note) between 1 and 500),
    constraint model_correction_is_signed check ((corrected_at is null) = (corrected_by is null))
);
grant select, insert on routing_models to engine;
grant update (name, canonical_slug, context_tokens, max_output_tokens, input_modalities, output_modalities, parameters, listed_at, expires_at, gone_at,
    manual_enabled, manual_context_tokens, manual_max_output_tokens, manual_zero_retention, manual_regions, manual_input_modalities,
    manual_parameters, manual_quality, note, corrected_at, corrected_by, version)
on routing_models to engine;

-- What a model costs, in dollars a token, request, image or search, and since when. No current row of any origin: not known, which is
-- never taken for zero. manual: an operator says so; provider: the provider does; ceiling: the most it can be, where nobody knows.
create table routing_model_prices (
    price_id           bigint generated always as identity primary key,
    provider           text not null,
    slug               text not null,
    origin             text not null,
    prompt_usd         numeric(20, 12) not null,
    completion_usd     numeric(20, 12) not null,
    request_usd        numeric(20, 12) not null default 0,
    image_usd          numeric(20, 12) not null default 0,
    search_usd         numeric(20, 12) not null default 0,
    cache_read_usd     numeric(20, 12),
    cache_write_usd    numeric(20, 12),
    cache_write_1h_usd numeric(20, 12),
    reasoning_usd      numeric(20, 12),
    discount           numeric(9, 8) not null default 0,
    overrides          jsonb not null default '[]',
    valid_from         timestamptz not null,
    valid_to           timestamptz,
    set_by             text not null,
    constraint price_of_a_model foreign key (provider, slug) references routing_models (provider, slug),
    constraint price_origin_known check (origin in ('provider', 'manual', 'ceiling')),
    constraint price_not_negative check (least(prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd) >= 0),
    constraint price_ceiling_above_zero check (origin <> 'ceiling' or greatest(prompt_usd, completion_usd) > 0),
    constraint price_discount_is_a_share check (discount between 0 and 1),
    constraint price_overrides_form check (jsonb_typeof(overrides) = 'array'),
    constraint price_ends_after_start check (valid_to >= valid_from)
);
create unique index routing_model_prices_current on routing_model_prices (provider, slug, origin) where valid_to is null;
create index routing_model_prices_history on routing_model_prices (provider, slug, valid_from);
grant select, insert on routing_model_prices to engine;
grant update (valid_to) on routing_model_prices to engine;

-- What a sync or an operator changed in the catalog.
create table routing_model_changes (
    change_id  bigint generated always as identity primary key,
    provider   text not null,
    slug       text not null,
    kind       text not null,
    changed_at timestamptz not null,
    detail     jsonb not null default '{}',
    constraint change_of_a_model foreign key (provider, slug) references routing_models (provider, slug),
    constraint change_kind_known check (kind in ('new', 'gone', 'back', 'price_up', 'price_down', 'changed', 'corrected')),
    constraint change_detail_form check (jsonb_typeof(detail) = 'object')
);
create index routing_model_changes_of_model on routing_model_changes (provider, slug, change_id);
create index routing_model_changes_by_age on routing_model_changes (changed_at);
grant select, insert, delete on routing_model_changes to engine;

-- Counts the changes of each part of routing that processes keep in memory: they look here twice a second and read the part again when
-- its number has moved. Not a sequence: the number must become visible together with what it stands for.
create table routing_versions (
    part    text primary key,
    version bigint not null,
    constraint version_part_form check (part ~ '^[a-z][a-z0-9_]{0,62}$')
);
grant select, insert on routing_versions to engine;
grant update (version) on routing_versions to engine;
-- Which models may do which work, for how much money. A row is a version: it is never changed, and one of each policy is in force.
create table routing_policies (
    policy        text not null,
    version       integer not null,
    is_active     boolean not null default false,
    policy_config jsonb not null,
    note          text not null default '',
    created_by    text not null,
    created_at    timestamptz not null,
    primary key (policy, version),
    constraint policy_name_form check (policy ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint policy_version_counts check (version >= 1),
    constraint policy_config_form check (jsonb_typeof(policy_config) = 'object' and octet_length(policy_config::text) <= 262144),
    constraint policy_note_length check (char_length(note) <= 2000),
    constraint policy_author_length check (char_length(created_by) between 1 and 200)
);
create unique index routing_policies_one_active on routing_policies (policy) where is_active;
grant select, insert on routing_policies to engine;
grant update (is_active) on routing_policies to engine;

-- Which policy a type of task goes by. The type generic stands in for those that are not here.
create table routing_task_types (
    task_type  text primary key,
    policy     text not null,
    preference text,
    constraint task_type_form check (task_type ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint task_type_policy_form check (policy ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint task_type_preference_known check (preference in ('fast', 'quality', 'code', 'balanced'))
);
grant select, insert, delete on routing_task_types to engine;
-- What was seen of models: counts in windows that add up exactly, breakers, verdicts, the order that follows from them, and what providers billed.

-- Latencies are counted in buckets: every millisecond up to 10, then each bucket 16 % wider than the one before. A bucket begins with its bound.
create function routing_latency_bounds() returns integer[]
language sql immutable parallel safe as $$
    select array[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 22, 26, 30, 35, 41, 48, 56, 65, 75, 87, 101, 117, 136, 158, 183, 212, 246, 285, 331, 384, 445,
        516, 599, 695, 806, 935, 1085, 1259, 1460, 1694, 1965, 2279, 2644, 3067, 3558, 4127, 4787, 5553, 6441, 7472, 8668, 10055, 11664, 13530,
        15695, 18206, 21119, 24498, 28418, 32965, 38239, 44357, 51454, 59687, 69237, 80315, 93165, 108071, 125362, 145420, 168687, 195677, 226985,
        263303, 305431, 354300, 410988, 476746, 553025, 641509, 744150, 863214, 1001328, 1161540, 1347386, 1562968, 1813043, 2103130, 2439631,
        2829972, 3282768, 3808011]
$$;

-- The bucket of a latency, counted from 0: those under a millisecond.
create function routing_latency_bucket(latency_ms bigint) returns integer
language sql immutable parallel safe as $$
    select width_bucket(least(latency_ms, 2147483647)::integer, routing_latency_bounds())
$$;

-- A quantile in milliseconds, from counts whose trailing zeros may be missing: the geometric middle of the bucket that holds it, at most 8 % off;
-- null without any.
create function routing_latency_quantile(counts integer[], share double precision) returns double precision
language sql immutable parallel safe as $$
    select case when bucket = 1 then 0
        when bucket > cardinality(routing_latency_bounds()) then (routing_latency_bounds())[bucket - 1]
        else sqrt((routing_latency_bounds())[bucket - 1]::double precision * ((routing_latency_bounds())[bucket] - 1)) end
    from (
        select bucket, sum(count) over (order by bucket) as upto, sum(count) over () as total
        from unnest(counts) with ordinality as buckets (count, bucket)
    ) summed
    where total > 0 and upto >= greatest(1, ceil(share * total))
    order by bucket
    limit 1
$$;

create function routing_add_counts(a integer[], b integer[]) returns integer[]
language sql immutable parallel safe as $$
    select array(select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) with ordinality as pairs (x, y, bucket) order by bucket)
$$;

create function routing_add_kinds(a jsonb, b jsonb) returns jsonb
language sql immutable parallel safe as $$
    select coalesce(jsonb_object_agg(kind, count), '{}') from (
        select kind, sum(count::bigint) as count
        from (select key, value from jsonb_each_text(a) union all select key, value from jsonb_each_text(b)) as both_sides (kind, count)
        group by kind
    ) summed
$$;

-- One row is what was seen of a model under a policy in a window that begins at window_start (UTC): calls by the time they were asked for.
-- Sums may be written before what they are taken from (a correction of a cost comes from another process than the cost), so none is bound to be positive.
create table model_performance (
    window_kind         text not null check (window_kind in ('five_minutes', 'hour', 'day')),
    window_start        timestamptz not null,
    provider            text not null check (char_length(provider) between 1 and 200),
    model               text not null check (char_length(model) between 1 and 300),
    policy              text not null check (char_length(policy) <= 200),
    requests            bigint not null,
    successes           bigint not null,
    failures            bigint not null,
    cancelled           bigint not null,
    error_kinds         jsonb not null check (jsonb_typeof(error_kinds) = 'object'),
    latency_ms          bigint not null,
    latency_counts      integer[] not null,
    first_token_ms      bigint not null,
    first_token_counts  integer[] not null,
    cost_usd            numeric(20, 12) not null,
    prompt_tokens       bigint not null,
    completion_tokens   bigint not null,
    cached_tokens       bigint not null,
    cache_write_tokens  bigint not null,
    reasoning_tokens    bigint not null,
    verdicts            bigint not null,
    good                numeric(16, 6) not null,
    bad                 numeric(16, 6) not null,
    primary key (window_kind, window_start, provider, model, policy),
    constraint requests_have_an_outcome check (requests = successes + failures + cancelled)
) with (fillfactor = 70);
comment on column model_performance.latency_ms is 'Sum over the calls that succeeded, to the end of the answer.';
comment on column model_performance.latency_counts is 'The same calls by bucket, see routing_latency_bounds.';
comment on column model_performance.first_token_ms is 'Sum over the calls that were streamed and brought a token.';
comment on column model_performance.good is 'Weight of the verdicts as far as they are good; a verdict of 0 is half good, half bad.';
grant select, insert, update, delete on model_performance to engine;

-- The last batch of counts that each process has written: one whose answer was lost is not counted twice.
create table model_performance_writers (
    writer_id  uuid primary key,
    batch      bigint not null check (batch >= 1),
    written_at timestamptz not null
);
grant select, insert, update, delete on model_performance_writers to engine;

-- A verdict on the answer of a call, one for each source; the latest stands. The call's own facts are kept with it.
create table routing_feedback (
    selection_id uuid not null,
    source       text not null check (source in ('user', 'verifier', 'test')),
    verdict      numeric(4, 3) not null check (verdict between -1 and 1),
    reason       text check (char_length(reason) <= 2000),
    given_by     text not null check (char_length(given_by) between 1 and 200),
    given_at     timestamptz not null,
    requested_at timestamptz not null,
    provider     text not null,
    model        text not null,
    policy       text not null,
    primary key (selection_id, source)
);
create index routing_feedback_by_call on routing_feedback (requested_at);
grant select, insert, update on routing_feedback to engine;

-- Which models, and with an empty model which providers, stand still, for all processes. A ticket is the right to one call that tries whether it works again.
create table routing_breakers (
    provider     text not null check (char_length(provider) between 1 and 200),
    model        text not null check (char_length(model) <= 300),
    state        text not null check (state in ('closed', 'open', 'probing')),
    is_out       boolean not null,
    reason       text not null,
    changed_at   timestamptz not null,
    retry_at     timestamptz,
    openings     integer not null check (openings >= 0),
    good_probes  integer not null check (good_probes >= 0),
    probe_ticket uuid,
    probe_until  timestamptz,
    primary key (provider, model),
    constraint open_breaker_is_tried_again check ((state = 'open') = (retry_at is not null)),
    constraint only_a_probing_breaker_has_a_ticket check (probe_ticket is null or state = 'probing'),
    constraint ticket_has_an_end check ((probe_ticket is null) = (probe_until is null)),
    constraint closed_breaker_is_not_out check (not (state = 'closed' and is_out))
) with (fillfactor = 70);
comment on column routing_breakers.is_out is 'The provider does not take our key or our money: a person should look.';
comment on column routing_breakers.openings is 'How often it opened in a row; the pauses grow with it.';
grant select, insert, update, delete on routing_breakers to engine;

-- The order of a policy''s models as learned or pinned: laid over the policy, never written into it. No rows: as the policy says.
create table routing_ranks (
    policy    text not null check (char_length(policy) between 1 and 200),
    provider  text not null check (char_length(provider) between 1 and 200),
    model     text not null check (char_length(model) between 1 and 300),
    position  integer not null check (position >= 1),
    reason    text not null check (char_length(reason) <= 2000),
    since     timestamptz not null,
    pinned_by text check (char_length(pinned_by) between 1 and 200),
    primary key (policy, provider, model),
    constraint one_model_at_a_position unique (policy, position) deferrable initially deferred
);
comment on column routing_ranks.pinned_by is 'Who has fixed this position; null: it was learned.';
grant select, insert, update, delete on routing_ranks to engine;

-- What a provider says that was spent, beside what the ledger says, by day (its activity) or between two looks at its meter (its key).
create table routing_reconciliations (
    provider     text not null check (char_length(provider) between 1 and 200),
    source       text not null check (source in ('activity', 'key')),
    period_start timestamptz not null,
    period_end   timestamptz not null,
    billed_usd   numeric(20, 12) not null,
    ledger_usd   numeric(20, 12) not null,
    drift_usd    numeric(20, 12) not null generated always as (billed_usd - ledger_usd) stored,
    meter_usd    numeric(20, 12),
    is_within    boolean not null,
    taken_at     timestamptz not null,
    primary key (provider, source, period_start),
    constraint period_is_in_order check (period_end >= period_start)
);
comment on column routing_reconciliations.meter_usd is 'What the key had spent in all when it was looked at; null for activity.';
grant select, insert, update on routing_reconciliations to engine;

create table log_sources (
    source_id  integer generated always as identity primary key,
    name       text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    kind       text not null check (kind in ('files', 'docker', 'kubernetes', 'journald', 'loki', 'otlp', 'stdin')),
    settings   jsonb not null check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) < 65536),
    is_enabled boolean not null default true,
    changed_at timestamptz not null,
    changed_by text not null check (char_length(changed_by) between 1 and 200)
);
comment on column log_sources.settings is 'By kind. Secrets are named (an environment variable or a file), never written here.';
grant select, insert, update, delete on log_sources to engine;

-- Who reads a source, under which epoch: a commit of another epoch changes nothing. What is counted here grows only.
create table log_crawls (
    source_id     integer primary key references log_sources on delete cascade,
    epoch         bigint not null default 0 check (epoch >= 0),
    holder        text check (char_length(holder) between 1 and 200),
    lease_until   timestamptz,
    read_at       timestamptz,
    event_at      timestamptz,
    problem       text check (char_length(problem) <= 2000),
    behind_bytes  bigint not null default 0 check (behind_bytes >= 0),
    lines         bigint not null default 0,
    bytes         bigint not null default 0,
    events        bigint not null default 0,
    errors        bigint not null default 0,
    dropped_bytes bigint not null default 0,
    dropped_errors bigint not null default 0,
    swept_lines   bigint not null default 0,
    busy_sweeps   integer not null default 0,
    quiet_sweeps  integer not null default 0,
    constraint holder_has_lease check ((holder is null) = (lease_until is null))
);
comment on column log_crawls.errors is 'Events that were counted in error groups.';
comment on column log_crawls.dropped_errors is 'Of errors, those of more new kinds than are kept in so short a time: counted here alone.';
comment on column log_crawls.dropped_bytes is 'Of lines longer than is kept.';
comment on column log_crawls.busy_sweeps is 'How many sweeps in a row had found new lines before it fell quiet.';
grant select, insert, update, delete on log_crawls to engine;

create table log_positions (
    source_id  integer not null references log_sources on delete cascade,
    key        text not null check (char_length(key) between 1 and 200),
    position   jsonb not null,
    changed_at timestamptz not null,
    primary key (source_id, key)
);
grant select, insert, update, delete on log_positions to engine;

-- Events that were open when their lines were counted as read, and what had been learned of the writer: part of the position.
create table log_carries (
    source_id  integer not null references log_sources on delete cascade,
    part       text not null check (char_length(part) between 1 and 200),
    state      bytea not null,
    changed_at timestamptz not null,
    primary key (source_id, part)
);
grant select, insert, update, delete on log_carries to engine;

-- One row for each fingerprint. Which error it belongs to (group_key) is later knowledge and may change; the fingerprint never does.
create table error_fingerprints (
    fingerprint text primary key check (char_length(fingerprint) between 1 and 100),
    group_key   text not null check (char_length(group_key) between 1 and 100),
    version     smallint not null check (version >= 1),
    template    text not null check (char_length(template) <= 8192),
    type        text check (char_length(type) <= 500),
    root_type   text check (char_length(root_type) <= 500),
    frames      text[] not null,
    chain       text[] not null,
    level       smallint not null check (level between 0 and 7),
    service     text check (char_length(service) <= 200),
    release     text check (char_length(release) <= 200),
    first_seen  timestamptz not null,
    last_seen   timestamptz not null,
    found_at    timestamptz not null,
    count       bigint not null check (count >= 0),
    samples     bigint not null default 0,
    resolved_at timestamptz,
    resolved_in text check (char_length(resolved_in) <= 200),
    resolved_by text check (char_length(resolved_by) <= 200),
    constraint seen_in_order check (last_seen >= first_seen),
    constraint resolved_by_somebody check ((resolved_at is null) = (resolved_by is null))
);
comment on column error_fingerprints.service is 'Of the first event; error_origins has all.';
comment on column error_fingerprints.found_at is 'When it was counted first, by the database''s clock; first_seen is what its events say.';
create index error_fingerprints_group on error_fingerprints (group_key);
create index error_fingerprints_found on error_fingerprints (found_at);
create index error_fingerprints_seen on error_fingerprints (last_seen);
grant select, insert, update, delete on error_fingerprints to engine;

create table error_counts (
    fingerprint text not null references error_fingerprints on delete cascade,
    span        text not null check (span in ('minute', 'hour', 'day')),
    at          timestamptz not null,
    count       bigint not null check (count > 0),
    primary key (fingerprint, span, at)
);
create index error_counts_time on error_counts (span, at);
grant select, insert, update, delete on error_counts to engine;

create table error_origins (
    fingerprint text not null references error_fingerprints on delete cascade,
    service     text not null check (char_length(service) <= 200),
    release     text not null check (char_length(release) <= 200),
    first_seen  timestamptz not null,
    last_seen   timestamptz not null,
    count       bigint not null check (count > 0),
    primary key (fingerprint, service, release)
);
comment on column error_origins.release is 'Empty where nothing says which.';
grant select, insert, update, delete on error_origins to engine;

-- The first three, and the newest five in turn.
create table error_samples (
    fingerprint text not null references error_fingerprints on delete cascade,
    slot        smallint not null check (slot between 0 and 7),
    at          timestamptz not null,
    source_id   integer references log_sources on delete set null,
    service     text check (char_length(service) <= 200),
    release     text check (char_length(release) <= 200),
    level       smallint not null check (level between 0 and 7),
    redactions  integer not null check (redactions >= 0),
    text        text not null check (char_length(text) <= 20000),
    primary key (fingerprint, slot)
);
create index error_samples_source on error_samples (source_id);
comment on column error_samples.text is 'Without secrets and personal data, which were replaced before it was stored.';
grant select, insert, update, delete on error_samples to engine;

-- Kept only where Engine:Logs:KeepEvents says so.
create table error_events (
    event_id    bigint generated always as identity primary key,
    fingerprint text not null references error_fingerprints on delete cascade,
    at          timestamptz not null,
    stored_at   timestamptz not null,
    source_id   integer references log_sources on delete set null,
    service     text check (char_length(service) <= 200),
    text        text not null check (char_length(text) <= 20000)
);
create index error_events_of on error_events (fingerprint, at desc);
create index error_events_age on error_events (stored_at);
create index error_events_source on error_events (source_id);
grant select, insert, delete on error_events to engine;

-- Which fingerprint counts as which error: one row that holds for a fingerprint, and those that held before.
create table error_aliases (
    alias_id    bigint generated always as identity primary key,
    fingerprint text not null check (char_length(fingerprint) between 1 and 100),
    group_key   text not null check (char_length(group_key) between 1 and 100),
    kind        text not null check (kind in ('merge', 'split', 'learned', 'version')),
    reason      text not null check (char_length(reason) between 1 and 2000),
    made_at     timestamptz not null,
    made_by     text not null check (char_length(made_by) between 1 and 200),
    ended_at    timestamptz,
    ended_by    text check (char_length(ended_by) between 1 and 200),
    constraint ended_by_somebody check ((ended_at is null) = (ended_by is null)),
    constraint split_stands_alone check ((kind = 'split') = (group_key = fingerprint))
);
create unique index error_aliases_that_hold on error_aliases (fingerprint) where ended_at is null;
create index error_aliases_group on error_aliases (group_key) where ended_at is null;
grant select, insert, update on error_aliases to engine;

create table error_mutes (
    mute_id    bigint generated always as identity primary key,
    group_key  text not null check (char_length(group_key) between 1 and 100),
    until      timestamptz,
    until_release text check (char_length(until_release) between 1 and 200),
    reason     text not null check (char_length(reason) between 1 and 2000),
    made_at    timestamptz not null,
    made_by    text not null check (char_length(made_by) between 1 and 200),
    ended_at   timestamptz,
    ended_by   text check (char_length(ended_by) between 1 and 200),
    constraint ended_by_somebody check ((ended_at is null) = (ended_by is null))
);
create unique index error_mutes_that_hold on error_mutes (group_key) where ended_at is null;
grant select, insert, update on error_mutes to engine;

create table log_rules (
    rule_id    integer generated always as identity primary key,
    name       text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    kind       text not null check (kind in ('new', 'spike', 'sustained', 'critical', 'regression', 'rate', 'storm')),
    threshold  integer not null check (threshold between 1 and 1000000),
    span       interval not null check (span between interval '1 minute' and interval '1 day'),
    factor     double precision not null default 3 check (factor between 1 and 1000),
    cooldown   interval not null check (cooldown between interval '0' and interval '30 days'),
    priority   text not null check (priority in ('critical', 'high', 'normal', 'low', 'deferred')),
    service    text check (char_length(service) between 1 and 200),
    level      smallint check (level between 0 and 7),
    is_enabled boolean not null default true,
    changed_at timestamptz not null,
    changed_by text not null check (char_length(changed_by) between 1 and 200)
);
comment on column log_rules.threshold is 'Events in the span (spike: a minute, whatever the span of its baseline), minutes of duration for sustained, new errors for storm; 1 where nothing is counted.';
comment on column log_rules.factor is 'Of a spike: how many times its baseline.';
comment on column log_rules.service is 'Only errors of this service; null: of all.';
comment on column log_rules.level is 'Only errors of at least this level; null: of all.';
grant select, insert, update, delete on log_rules to engine;

-- When a rule told of an error last: it is silent until its cooldown is over.
create table error_alerts (
    rule_id   integer not null references log_rules on delete cascade,
    group_key text not null check (char_length(group_key) between 1 and 300),
    told_at   timestamptz not null,
    times     bigint not null check (times > 0),
    primary key (rule_id, group_key)
);
grant select, insert, update, delete on error_alerts to engine;

-- What the crawler reports, written with the counts that say so. Whoever files tasks takes the rows that have none.
create table log_findings (
    finding_id uuid primary key,
    rule       text not null check (char_length(rule) between 1 and 100),
    kind       text not null check (kind in ('new', 'spike', 'sustained', 'critical', 'regression', 'rate', 'storm')),
    group_key  text not null check (char_length(group_key) between 1 and 300),
    priority   text not null check (priority in ('critical', 'high', 'normal', 'low', 'deferred')),
    title      text not null check (char_length(title) between 1 and 500),
    reason     text not null check (char_length(reason) between 1 and 2000),
    source_id  integer references log_sources on delete set null,
    service    text check (char_length(service) <= 200),
    release    text check (char_length(release) <= 200),
    first_seen timestamptz not null,
    last_seen  timestamptz not null,
    count      bigint not null check (count > 0),
    found_at   timestamptz not null,
    task_id    uuid,
    filed_at   timestamptz,
    closed_at  timestamptz,
    constraint filed_has_time check ((task_id is null) = (filed_at is null)),
    constraint closed_was_filed check (closed_at is null or task_id is not null)
);
comment on column log_findings.group_key is 'The error; of a storm, what it befell.';
create index log_findings_source on log_findings (source_id);
create index log_findings_unfiled on log_findings (found_at) where task_id is null;
create index log_findings_group on log_findings (group_key, found_at desc);
create index log_findings_task on log_findings (task_id) where task_id is not null and closed_at is null;
comment on column log_findings.closed_at is 'When its task ended, whatever way; the error counts as resolved from then on if that was by approval.';
grant select, insert, update, delete on log_findings to engine;

create table log_storm_members (
    finding_id uuid not null references log_findings on delete cascade,
    group_key  text not null check (char_length(group_key) between 1 and 100),
    added_at   timestamptz not null,
    primary key (finding_id, group_key)
);
create index log_storm_members_group on log_storm_members (group_key);
grant select, insert, delete on log_storm_members to engine;

-- What was found out about an error without a model: where it comes from in the code, and whose that is.
create table error_triages (
    group_key  text primary key references error_fingerprints on delete cascade,
    triage     jsonb not null check (pg_column_size(triage) < 65536),
    triaged_at timestamptz not null
);
grant select, insert, update, delete on error_triages to engine;

-- Where the code of a service is, for finding the line and the commit behind a trace.
create table log_repositories (
    service    text primary key check (char_length(service) <= 200),
    path       text not null check (char_length(path) between 1 and 1000),
    mappings   jsonb not null default '[]' check (jsonb_typeof(mappings) = 'array'),
    changed_at timestamptz not null,
    changed_by text not null check (char_length(changed_by) between 1 and 200)
);
comment on column log_repositories.service is 'Empty: of every service that has no row of its own.';
comment on column log_repositories.path is 'A clone on the engine''s host, bare or not.';
comment on column log_repositories.mappings is 'Pairs {from, to}: what stands before a path in a trace, and what stands there in the repository.';
grant select, insert, update, delete on log_repositories to engine;
