-- Governance tasks. What never changes of a task is its row in tasks; its state is which of the narrow tables its one small row
-- is in: ready, leases, due, held, waiting, gated or parked; a task that has ended is in none. Claims and completions move small
-- rows and never rewrite the payload. Every claim raises the epoch, and ends with exactly one row in task_attempts.
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

-- Flags of a narrow row: 1 others depend on it, 2 it holds a dedup key, 4 it needs a slot of its concurrency key.
-- failures: attempts charged since it was filed or redriven; losses: workers that died with it since then.
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
-- worker_id and claimed_at are null when the task was ended without a claim. outcome lost: its worker died; returned: given back unharmed.
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

create table task_dependencies (
    child_id  uuid not null,
    parent_id uuid not null,
    settled   text check (settled in ('succeeded', 'failed')),
    primary key (child_id, parent_id)
);
create index task_dependencies_by_parent on task_dependencies (parent_id);

-- One row is one gate of one task; the decision may come before the task asks. The first decision of an opening stands.
create table task_gates (
    task_id    uuid not null,
    gate       text not null check (gate ~ '^[a-z][a-z0-9_]{0,62}$'),
    epoch      bigint,
    opened_at  timestamptz,
    decision   text check (decision in ('approved', 'rejected', 'expired', 'signalled')),
    decided_by text check (char_length(decided_by) between 1 and 200),
    decided_at timestamptz,
    detail     jsonb,
    primary key (task_id, gate),
    constraint gate_decision_whole check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null))
);

-- The live task of each dedup key.
create table task_keys (
    dedup_key text primary key,
    task_id   uuid not null
);

-- How many tasks of a concurrency key may run, and who has the slots.
create table task_concurrency (
    concurrency_key text primary key,
    max_running     integer not null check (max_running between 1 and 1000)
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

-- Drops the days that ended before a moment, whole, once no task of theirs is alive. Returns the days that were dropped.
create function drop_task_partitions(before timestamptz) returns setof date
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '2s' as $$
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
        continue when exists (select from task_ready where task_id >= low and task_id < high)
            or exists (select from task_leases where task_id >= low and task_id < high)
            or exists (select from task_due where task_id >= low and task_id < high)
            or exists (select from task_held where task_id >= low and task_id < high)
            or exists (select from task_waiting where task_id >= low and task_id < high)
            or exists (select from task_gated where task_id >= low and task_id < high)
            or exists (select from task_parked where task_id >= low and task_id < high);
        execute format('drop table public.%I', 'tasks_' || to_char(day, 'YYYYMMDD'));
        execute format('drop table if exists public.%I', 'task_attempts_' || to_char(day, 'YYYYMMDD'));
        execute format('drop table if exists public.%I', 'task_notes_' || to_char(day, 'YYYYMMDD'));
        delete from task_dependencies where child_id >= low and child_id < high;
        delete from task_gates where task_id >= low and task_id < high;
        return next day;
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

revoke execute on function make_task_partitions(date, integer), drop_task_partitions(timestamptz), oldest_snapshots() from public;
grant execute on function make_task_partitions(date, integer), drop_task_partitions(timestamptz), oldest_snapshots() to engine;

grant select, insert on tasks, task_lanes to engine;
grant select, insert, update (reopened_at) on task_attempts to engine;
grant select, insert on task_notes to engine;
grant select, insert, update, delete on
    task_ready, task_leases, task_due, task_held, task_waiting, task_gated, task_parked, task_dependencies, task_gates, task_keys,
    task_concurrency, task_slots, task_rates, task_breakers, task_kinds, workers
to engine;
grant select, update on task_engine to engine;
grant usage on sequence task_order, task_note_order to engine;

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
