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
    constraint ended_when_not_open check ((outcome = 'open') = (ended_at is null)),
    constraint windows_have_budgets check (cardinality(budget_ids) = cardinality(window_keys))
) with (fillfactor = 70);
create index model_selections_open on model_selections (holder_id) where outcome = 'open';
create index model_selections_unsettled on model_selections (ended_at) where is_estimated and outcome <> 'open';
create index model_selections_by_task on model_selections (task_id) where task_id is not null;
create index model_selections_by_time on model_selections (requested_at);
create index model_selections_by_request on model_selections (request_id);

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

grant select, insert, update on cost_budgets, budget_windows, budget_holders to engine;
grant select, insert, update, delete on budget_slices to engine;
grant select, insert on budget_events to engine;
grant select, insert, update on model_selections to engine;
grant select, update on budget_changes to engine;

-- Budgets with the latest window of each, and of each subject where a budget is kept for each one by itself. held_usd: what calls under way may cost, and what
-- processes keep at hand for the next ones.
create view v_budget_status as
select b.budget_id, b.scope, coalesce(nullif(w.subject, ''), b.scope_key) as scope_key, b.period, b.time_zone, b.is_hard, b.is_enabled, b.amount_usd,
    coalesce(w.settled_usd, 0) as settled_usd, coalesce(w.granted_usd, 0) as held_usd, b.amount_usd - coalesce(w.settled_usd, 0) - coalesce(w.granted_usd, 0) as left_usd,
    w.window_key, w.starts_at, w.ends_at, coalesce(w.calls, 0) as calls, coalesce(w.refused, 0) as refused, w.alerted_at, w.exhausted_at
from cost_budgets b
left join lateral (
    select distinct on (subject) subject, window_key, starts_at, ends_at, settled_usd, granted_usd, calls, refused, alerted_at, exhausted_at
    from budget_windows where budget_id = b.budget_id order by subject, opened_at desc
) w on b.period <> 'task';
grant select on v_budget_status to engine, engine_reader;

-- All windows that there ever were.
create view v_budget_history as
select b.budget_id, b.scope, coalesce(nullif(w.subject, ''), b.scope_key) as scope_key, b.period, w.window_key, w.starts_at, w.ends_at, b.amount_usd, w.settled_usd, w.granted_usd as held_usd,
    w.calls, w.refused, w.alerted_at, w.exhausted_at
from budget_windows w
join cost_budgets b on b.budget_id = w.budget_id;
grant select on v_budget_history to engine, engine_reader;

create view v_budget_events as
select e.at, e.event, b.scope, b.scope_key, b.period, e.window_key, e.detail
from budget_events e
join cost_budgets b on b.budget_id = e.budget_id;
grant select on v_budget_events to engine, engine_reader;

-- Every attempted call: what was chosen, why, what it cost and how it went.
create view v_selection_log as
select selection_id, request_id, attempt, requested_at, task_id, task_epoch, task_kind, tenant, worker, policy, policy_version, provider, model, reasons, outcome, error_kind, error,
    http_status, estimated_usd, hold_usd, cost_usd, is_estimated, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, latency_ms, first_token_ms,
    served_model, served_by, generation_id, finish_reason, is_streamed, ended_at
from model_selections;
grant select on v_selection_log to engine, engine_reader;

-- By days in UTC; what is under way counts when it has ended.
create view v_spend_daily as
select (requested_at at time zone 'utc')::date as day, policy, model, provider, task_kind, tenant, worker, count(*) as calls, count(*) filter (where outcome = 'succeeded') as succeeded,
    sum(cost_usd) as cost_usd, sum(cost_usd) filter (where is_estimated) as estimated_usd, sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
from model_selections where outcome <> 'open'
group by 1, 2, 3, 4, 5, 6, 7;
grant select on v_spend_daily to engine, engine_reader;

create view v_spend_by_model as
select provider, model, count(*) as calls, count(*) filter (where outcome = 'succeeded') as succeeded, sum(cost_usd) as cost_usd,
    sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens, sum(cached_tokens) as cached_tokens, avg(latency_ms) as mean_latency_ms
from model_selections where outcome <> 'open'
group by provider, model;
grant select on v_spend_by_model to engine, engine_reader;
