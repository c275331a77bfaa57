-- What keeps the tasks in order besides their workers.

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

insert into schedules (name, duty, cron, updated_at) values
    ('task_partitions', 'task_partitions', '0 7 * * * ?', timestamptz '2026-01-01 00:00:00+00');
