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

create view v_audit_log as
select l.entry_id, l.recorded_at, l.actor, l.action, l.subject, l.details, l.source,
    c.position, encode(c.entry_hash, 'hex') as entry_hash, encode(c.chain_hash, 'hex') as chain_hash, c.chained_at
from audit_log l
left join audit_chain c on c.entry_id = l.entry_id;
grant select on v_audit_log to engine_reader;
