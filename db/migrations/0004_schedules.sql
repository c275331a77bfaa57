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

insert into schedules (name, duty, cron, updated_at) values
    ('prune_expired', 'prune_expired', '0 17 3 * * ?', timestamptz '2026-01-01 00:00:00+00'),
    ('verify_audit', 'verify_audit', '0 43 4 * * ?', timestamptz '2026-01-01 00:00:00+00');

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
