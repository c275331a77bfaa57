-- How people and programs find tasks: by key, by origin, by how they ended, and by when something happened to them. None of these costs
-- the usual task anything but two entries in block ranges.
create index tasks_by_dedup_key on tasks (dedup_key, task_id) where dedup_key is not null;
create index tasks_by_origin on tasks (origin_id, task_id) where origin_id is not null;
create index tasks_by_filing on tasks using brin (filed_at) with (pages_per_range = 16, autosummarize = on);
create index task_attempts_unsuccessful on task_attempts (final_state, task_id)
    where final_state in ('failed', 'cancelled', 'dead') and reopened_at is null;
create index task_notes_by_time on task_notes using brin (noted_at) with (pages_per_range = 16, autosummarize = on);
create index task_gates_by_opening on task_gates (opened_at) where opened_at is not null;
create index task_gates_by_decision on task_gates (decided_at) where decided_at is not null;

-- Since when the oldest transaction is open that may still write: what it writes bears times from then on, and is seen only when it
-- commits. Sees what the schema's owner may see; others are for the caller to look for.
create function oldest_transaction() returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select min(xact_start) from pg_stat_activity
    where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid() and (backend_xid is not null or usename = session_user)
$$;
revoke execute on function oldest_transaction() from public;
grant execute on function oldest_transaction() to engine;
