-- Corrections to the tables of tasks.

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
revoke execute on function has_live_tasks(uuid, uuid) from public;

-- Drops the oldest day that ended before a moment and has no living task, whole. Returns that day, or nothing: one at a time, since
-- claims and filings stand still from the locks to the end of the transaction. They stand still for the wait for the locks too, so that
-- is short; and it is shorter than a deadlock is looked for, so whoever this meets crosswise goes on. Whether something lives is
-- looked at again under the locks: before, a task may have been on its way back. What takes time is done before them.
create or replace function drop_task_partitions(before timestamptz) returns setof date
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

-- Since when no live task has had the key, and its slots are gone; its limit is remembered for those that may be brought back.
alter table task_concurrency add column idle_since timestamptz;

-- All else of a task's row stays as it was filed: a redrive may move the deadline, which could otherwise not be kept any more.
grant update (deadline_at) on tasks to engine;

-- A further signal, which came after the last opening was answered and before the next one: it answers that.
alter table task_gates
    add column kept_by text check (char_length(kept_by) between 1 and 200),
    add column kept_at timestamptz,
    add column kept_detail jsonb,
    add constraint gate_kept_whole check ((kept_by is null) = (kept_at is null) and (kept_by is not null or kept_detail is null));
