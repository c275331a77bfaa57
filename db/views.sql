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
