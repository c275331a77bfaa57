-- 0015_logs.sql: the log crawler: where it reads, how far it has read, which errors it knows, what it reports.

-- Whoever sends logs by OTLP can do nothing else.
alter table api_tokens drop constraint api_tokens_role_check;
alter table api_tokens add constraint api_tokens_role_check check (role in ('reader', 'operator', 'approver', 'sender', 'admin'));

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

insert into log_rules (name, kind, threshold, span, cooldown, priority, changed_at, changed_by) values
    ('new', 'new', 1, interval '5 minutes', interval '30 minutes', 'high', timestamptz '2026-01-01 00:00:00+00', 'engine'),
    ('spike', 'spike', 10, interval '1 hour', interval '30 minutes', 'normal', timestamptz '2026-01-01 00:00:00+00', 'engine'),
    ('sustained', 'sustained', 5, interval '5 minutes', interval '30 minutes', 'normal', timestamptz '2026-01-01 00:00:00+00', 'engine'),
    ('critical', 'critical', 1, interval '1 minute', interval '30 minutes', 'critical', timestamptz '2026-01-01 00:00:00+00', 'engine'),
    ('regression', 'regression', 1, interval '5 minutes', interval '30 minutes', 'high', timestamptz '2026-01-01 00:00:00+00', 'engine'),
    ('storm', 'storm', 50, interval '5 minutes', interval '30 minutes', 'high', timestamptz '2026-01-01 00:00:00+00', 'engine');

insert into log_sources (name, kind, settings, changed_at, changed_by) values ('otlp', 'otlp', '{}', timestamptz '2026-01-01 00:00:00+00', 'engine');

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

insert into schedules (name, duty, cron, updated_at) values
    ('sweep_logs', 'sweep_logs', '0 1/5 * * * ?', timestamptz '2026-01-01 00:00:00+00');
