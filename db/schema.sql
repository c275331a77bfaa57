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
