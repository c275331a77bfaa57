-- Which providers the engine has made itself, budgets that follow the limits of policies, and how long calls are kept.

-- engine: it has made the row at its first start, and may change it for as long as nobody else has.
alter table routing_providers add column origin text not null default 'operator';
alter table routing_providers add constraint provider_origin_known check (origin in ('operator', 'engine'));
grant update (origin) on routing_providers to engine;

create or replace view v_providers as
select p.name, p.kind, p.base_url, p.enabled, p.zero_retention, p.regions, p.updated_at, p.tried_at, p.synced_at, p.sync_problem,
    a.fingerprint as active_key, a.promoted_at as active_since, a.verified_at as active_verified_at, s.fingerprint as staged_key,
    (select count(*) from routing_models m where m.provider = p.name and m.gone_at is null) as models, p.origin
from routing_providers p
left join routing_credentials a on a.provider = p.name and a.state = 'active'
left join routing_credentials s on s.provider = p.name and s.state = 'staged';

-- What a policy in force says that a task may cost is a budget like any other; from here on each activation keeps it so.
insert into cost_budgets (budget_id, scope, scope_key, period, amount_usd, origin, created_at, updated_at, updated_by)
select gen_random_uuid(), 'policy', policy, 'task', trunc((policy_config ->> 'max_cost_per_task_usd')::numeric, 9), 'policy',
    timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-01-01 00:00:00+00', 'migration'
from routing_policies
where is_active and jsonb_path_exists(policy_config, '$.max_cost_per_task_usd ? (@ >= 0 && @ <= 10000)')
on conflict (scope, scope_key, period) do nothing;
update budget_changes set change = change + 1;

-- What calls have cost whose rows are not kept any more, by days in UTC: rows go into it in the transaction that deletes them.
create table model_spend (
    day               date not null,
    policy            text not null,
    provider          text not null,
    model             text not null,
    task_kind         text,
    tenant            text,
    worker            text,
    calls             bigint not null,
    succeeded         bigint not null,
    cost_usd          numeric(20, 12) not null,
    prompt_tokens     bigint not null,
    completion_tokens bigint not null,
    cached_tokens     bigint not null,
    latency_ms        double precision not null,
    timed_calls       bigint not null,
    constraint one_row_of_a_kind_a_day unique nulls not distinct (day, policy, provider, model, task_kind, tenant, worker)
);
comment on column model_spend.latency_ms is 'Sum over the calls that were timed.';
grant select, insert, update on model_spend to engine;

grant delete on model_selections, budget_windows, budget_events to engine;
create index budget_windows_by_age on budget_windows (opened_at);

-- What was spent, whether the calls are still kept or not; what is under way counts when it has ended. One row is one call, or all of a kind of a day.
create view v_spend as
select requested_at as at, task_id, policy, provider, model, task_kind, tenant, worker, 1::bigint as calls, (outcome = 'succeeded')::integer::bigint as succeeded, cost_usd,
    case when is_estimated then cost_usd end as estimated_usd, prompt_tokens, completion_tokens, cached_tokens, latency_ms, (latency_ms is not null)::integer::bigint as timed_calls
from model_selections where outcome <> 'open'
union all
select day::timestamp at time zone 'utc', null, policy, provider, model, task_kind, tenant, worker, calls, succeeded, cost_usd, null, prompt_tokens, completion_tokens, cached_tokens,
    latency_ms, timed_calls
from model_spend;
grant select on v_spend to engine, engine_reader;

drop view v_spend_daily, v_spend_by_model;

-- By days in UTC; what is under way counts when it has ended.
create view v_spend_daily as
select (at at time zone 'utc')::date as day, policy, model, provider, task_kind, tenant, worker, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded,
    sum(cost_usd) as cost_usd, sum(estimated_usd) as estimated_usd, sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens
from v_spend
group by 1, 2, 3, 4, 5, 6, 7;
grant select on v_spend_daily to engine, engine_reader;

create view v_spend_by_model as
select provider, model, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded, sum(cost_usd) as cost_usd,
    sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens, sum(cached_tokens) as cached_tokens,
    sum(latency_ms) / nullif(sum(timed_calls), 0)::double precision as mean_latency_ms
from v_spend
group by provider, model;
grant select on v_spend_by_model to engine, engine_reader;

insert into schedules (name, duty, cron, updated_at) values
    ('prune_calls', 'prune_calls', '0 47 3 * * ?', timestamptz '2026-01-01 00:00:00+00');
