-- What was seen of models: counts in windows that add up exactly, breakers, verdicts, the order that follows from them, and what providers billed.

-- Latencies are counted in buckets: every millisecond up to 10, then each bucket 16 % wider than the one before. A bucket begins with its bound.
create function routing_latency_bounds() returns integer[]
language sql immutable parallel safe as $$
    select array[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 19, 22, 26, 30, 35, 41, 48, 56, 65, 75, 87, 101, 117, 136, 158, 183, 212, 246, 285, 331, 384, 445,
        516, 599, 695, 806, 935, 1085, 1259, 1460, 1694, 1965, 2279, 2644, 3067, 3558, 4127, 4787, 5553, 6441, 7472, 8668, 10055, 11664, 13530,
        15695, 18206, 21119, 24498, 28418, 32965, 38239, 44357, 51454, 59687, 69237, 80315, 93165, 108071, 125362, 145420, 168687, 195677, 226985,
        263303, 305431, 354300, 410988, 476746, 553025, 641509, 744150, 863214, 1001328, 1161540, 1347386, 1562968, 1813043, 2103130, 2439631,
        2829972, 3282768, 3808011]
$$;

-- The bucket of a latency, counted from 0: those under a millisecond.
create function routing_latency_bucket(latency_ms bigint) returns integer
language sql immutable parallel safe as $$
    select width_bucket(least(latency_ms, 2147483647)::integer, routing_latency_bounds())
$$;

-- A quantile in milliseconds, from counts whose trailing zeros may be missing: the geometric middle of the bucket that holds it, at most 8 % off;
-- null without any.
create function routing_latency_quantile(counts integer[], share double precision) returns double precision
language sql immutable parallel safe as $$
    select case when bucket = 1 then 0
        when bucket > cardinality(routing_latency_bounds()) then (routing_latency_bounds())[bucket - 1]
        else sqrt((routing_latency_bounds())[bucket - 1]::double precision * ((routing_latency_bounds())[bucket] - 1)) end
    from (
        select bucket, sum(count) over (order by bucket) as upto, sum(count) over () as total
        from unnest(counts) with ordinality as buckets (count, bucket)
    ) summed
    where total > 0 and upto >= greatest(1, ceil(share * total))
    order by bucket
    limit 1
$$;

create function routing_add_counts(a integer[], b integer[]) returns integer[]
language sql immutable parallel safe as $$
    select array(select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) with ordinality as pairs (x, y, bucket) order by bucket)
$$;

create function routing_add_kinds(a jsonb, b jsonb) returns jsonb
language sql immutable parallel safe as $$
    select coalesce(jsonb_object_agg(kind, count), '{}') from (
        select kind, sum(count::bigint) as count
        from (select key, value from jsonb_each_text(a) union all select key, value from jsonb_each_text(b)) as both_sides (kind, count)
        group by kind
    ) summed
$$;

-- One row is what was seen of a model under a policy in a window that begins at window_start (UTC): calls by the time they were asked for.
-- Sums may be written before what they are taken from (a correction of a cost comes from another process than the cost), so none is bound to be positive.
create table model_performance (
    window_kind         text not null check (window_kind in ('five_minutes', 'hour', 'day')),
    window_start        timestamptz not null,
    provider            text not null check (char_length(provider) between 1 and 200),
    model               text not null check (char_length(model) between 1 and 300),
    policy              text not null check (char_length(policy) <= 200),
    requests            bigint not null,
    successes           bigint not null,
    failures            bigint not null,
    cancelled           bigint not null,
    error_kinds         jsonb not null check (jsonb_typeof(error_kinds) = 'object'),
    latency_ms          bigint not null,
    latency_counts      integer[] not null,
    first_token_ms      bigint not null,
    first_token_counts  integer[] not null,
    cost_usd            numeric(20, 12) not null,
    prompt_tokens       bigint not null,
    completion_tokens   bigint not null,
    cached_tokens       bigint not null,
    cache_write_tokens  bigint not null,
    reasoning_tokens    bigint not null,
    verdicts            bigint not null,
    good                numeric(16, 6) not null,
    bad                 numeric(16, 6) not null,
    primary key (window_kind, window_start, provider, model, policy),
    constraint requests_have_an_outcome check (requests = successes + failures + cancelled)
) with (fillfactor = 70);
comment on column model_performance.latency_ms is 'Sum over the calls that succeeded, to the end of the answer.';
comment on column model_performance.latency_counts is 'The same calls by bucket, see routing_latency_bounds.';
comment on column model_performance.first_token_ms is 'Sum over the calls that were streamed and brought a token.';
comment on column model_performance.good is 'Weight of the verdicts as far as they are good; a verdict of 0 is half good, half bad.';
grant select, insert, update, delete on model_performance to engine;

-- The last batch of counts that each process has written: one whose answer was lost is not counted twice.
create table model_performance_writers (
    writer_id  uuid primary key,
    batch      bigint not null check (batch >= 1),
    written_at timestamptz not null
);
grant select, insert, update, delete on model_performance_writers to engine;

-- A verdict on the answer of a call, one for each source; the latest stands. The call's own facts are kept with it.
create table routing_feedback (
    selection_id uuid not null,
    source       text not null check (source in ('user', 'verifier', 'test')),
    verdict      numeric(4, 3) not null check (verdict between -1 and 1),
    reason       text check (char_length(reason) <= 2000),
    given_by     text not null check (char_length(given_by) between 1 and 200),
    given_at     timestamptz not null,
    requested_at timestamptz not null,
    provider     text not null,
    model        text not null,
    policy       text not null,
    primary key (selection_id, source)
);
create index routing_feedback_by_call on routing_feedback (requested_at);
grant select, insert, update on routing_feedback to engine;

-- Which models, and with an empty model which providers, stand still, for all processes. A ticket is the right to one call that tries whether it works again.
create table routing_breakers (
    provider     text not null check (char_length(provider) between 1 and 200),
    model        text not null check (char_length(model) <= 300),
    state        text not null check (state in ('closed', 'open', 'probing')),
    is_out       boolean not null,
    reason       text not null,
    changed_at   timestamptz not null,
    retry_at     timestamptz,
    openings     integer not null check (openings >= 0),
    good_probes  integer not null check (good_probes >= 0),
    probe_ticket uuid,
    probe_until  timestamptz,
    primary key (provider, model),
    constraint open_breaker_is_tried_again check ((state = 'open') = (retry_at is not null)),
    constraint only_a_probing_breaker_has_a_ticket check (probe_ticket is null or state = 'probing'),
    constraint ticket_has_an_end check ((probe_ticket is null) = (probe_until is null)),
    constraint closed_breaker_is_not_out check (not (state = 'closed' and is_out))
) with (fillfactor = 70);
comment on column routing_breakers.is_out is 'The provider does not take our key or our money: a person should look.';
comment on column routing_breakers.openings is 'How often it opened in a row; the pauses grow with it.';
grant select, insert, update, delete on routing_breakers to engine;

-- The order of a policy''s models as learned or pinned: laid over the policy, never written into it. No rows: as the policy says.
create table routing_ranks (
    policy    text not null check (char_length(policy) between 1 and 200),
    provider  text not null check (char_length(provider) between 1 and 200),
    model     text not null check (char_length(model) between 1 and 300),
    position  integer not null check (position >= 1),
    reason    text not null check (char_length(reason) <= 2000),
    since     timestamptz not null,
    pinned_by text check (char_length(pinned_by) between 1 and 200),
    primary key (policy, provider, model),
    constraint one_model_at_a_position unique (policy, position) deferrable initially deferred
);
comment on column routing_ranks.pinned_by is 'Who has fixed this position; null: it was learned.';
grant select, insert, update, delete on routing_ranks to engine;

-- What a provider says that was spent, beside what the ledger says, by day (its activity) or between two looks at its meter (its key).
create table routing_reconciliations (
    provider     text not null check (char_length(provider) between 1 and 200),
    source       text not null check (source in ('activity', 'key')),
    period_start timestamptz not null,
    period_end   timestamptz not null,
    billed_usd   numeric(20, 12) not null,
    ledger_usd   numeric(20, 12) not null,
    drift_usd    numeric(20, 12) not null generated always as (billed_usd - ledger_usd) stored,
    meter_usd    numeric(20, 12),
    is_within    boolean not null,
    taken_at     timestamptz not null,
    primary key (provider, source, period_start),
    constraint period_is_in_order check (period_end >= period_start)
);
comment on column routing_reconciliations.meter_usd is 'What the key had spent in all when it was looked at; null for activity.';
grant select, insert, update on routing_reconciliations to engine;

create view v_model_performance as
select window_kind, window_start, provider, model, policy, requests, successes, failures, cancelled,
    successes::double precision / nullif(successes + failures, 0) as success_share, error_kinds,
    latency_ms::double precision / nullif(successes, 0) as latency_mean_ms,
    routing_latency_quantile(latency_counts, 0.5) as latency_p50_ms, routing_latency_quantile(latency_counts, 0.95) as latency_p95_ms,
    routing_latency_quantile(first_token_counts, 0.5) as first_token_p50_ms, routing_latency_quantile(first_token_counts, 0.95) as first_token_p95_ms,
    cost_usd, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, verdicts, good, bad
from model_performance;
grant select on v_model_performance to engine, engine_reader;

create view v_routing_breakers as
select provider, model, state, is_out, reason, changed_at, retry_at, openings from routing_breakers;
grant select on v_routing_breakers to engine_reader;

create view v_routing_feedback as
select selection_id, source, verdict, reason, given_by, given_at, requested_at, provider, model, policy from routing_feedback;
grant select on v_routing_feedback to engine_reader;

create view v_routing_ranks as
select policy, position, provider, model, reason, since, pinned_by from routing_ranks;
grant select on v_routing_ranks to engine_reader;

create view v_routing_reconciliations as
select provider, source, period_start, period_end, billed_usd, ledger_usd, drift_usd, is_within, taken_at from routing_reconciliations;
grant select on v_routing_reconciliations to engine_reader;

insert into schedules (name, duty, cron, updated_at) values
    ('prune_performance', 'prune_performance', '0 37 3 * * ?', timestamptz '2026-01-01 00:00:00+00'),
    ('rank_models', 'rank_models', '0 2/5 * * * ?', timestamptz '2026-01-01 00:00:00+00'),
    ('reconcile_costs', 'reconcile_costs', '0 11 2 * * ?', timestamptz '2026-01-01 00:00:00+00');
