-- Where model calls go and with which key, what models there are, and what they cost.

-- One row is one service that answers model calls.
create table routing_providers (
    name           text primary key,
    kind           text not null,
    base_url       text not null,
    enabled        boolean not null default true,
    zero_retention boolean not null default false,
    regions        text[] not null default '{}',
    headers        jsonb not null default '{}',
    version        bigint not null default 1,
    updated_at     timestamptz not null,
    tried_at       timestamptz,
    synced_at      timestamptz,
    sync_problem   text,
    constraint provider_name_form check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    constraint provider_kind_known check (kind in ('openrouter', 'openai', 'emulator')),
    constraint provider_url_form check (base_url ~ '^https?://' and char_length(base_url) <= 500),
    constraint provider_headers_form check (jsonb_typeof(headers) = 'object' and octet_length(headers::text) <= 8192),
    constraint provider_version_counts check (version >= 1),
    constraint provider_problem_length check (char_length(sync_problem) <= 1000)
);
grant select, insert on routing_providers to engine;
grant update (kind, base_url, enabled, zero_retention, regions, headers, version, updated_at, tried_at, synced_at, sync_problem) on routing_providers to engine;

-- One row is one key of a provider, sealed with AES-256-GCM under the key of the key ring that key_id names. Two slots and what has
-- left them: staged (to be tried), active (used), retiring (replaced, calls may still use it), retired (wiped).
create table routing_credentials (
    credential_id uuid primary key,
    provider      text not null references routing_providers (name),
    state         text not null,
    key_id        text,
    nonce         bytea,
    sealed        bytea,
    fingerprint   text not null,
    created_at    timestamptz not null,
    created_by    text not null,
    verified_at   timestamptz,
    promoted_at   timestamptz,
    replaced_at   timestamptz,
    retired_at    timestamptz,
    constraint credential_state_known check (state in ('staged', 'active', 'retiring', 'retired')),
    constraint credential_is_wiped_when_retired check ((state = 'retired') = (sealed is null)),
    constraint credential_is_sealed_whole check ((sealed is null) = (nonce is null) and (sealed is null) = (key_id is null)),
    constraint credential_nonce_length check (octet_length(nonce) = 12),
    constraint credential_sealed_length check (octet_length(sealed) between 17 and 4096),
    constraint credential_replaced_when_retiring check (state <> 'retiring' or replaced_at is not null),
    constraint credential_retired_when_retired check ((state = 'retired') = (retired_at is not null))
);
create unique index routing_credentials_one_active on routing_credentials (provider) where state = 'active';
create unique index routing_credentials_one_staged on routing_credentials (provider) where state = 'staged';
create index routing_credentials_by_provider on routing_credentials (provider, created_at);
grant select, insert on routing_credentials to engine;
grant update (state, key_id, nonce, sealed, verified_at, promoted_at, replaced_at, retired_at) on routing_credentials to engine;

-- One row is one model of one provider, as the provider last listed it; what an operator corrected stands beside it and wins.
create table routing_models (
    provider                 text not null references routing_providers (name),
    slug                     text not null,
    name                     text not null,
    canonical_slug           text,
    context_tokens           bigint,
    max_output_tokens        bigint,
    input_modalities         text[] not null,
    output_modalities        text[] not null,
    parameters               text[] not null,
    listed_at                timestamptz,
    expires_at               timestamptz,
    first_seen_at            timestamptz not null,
    gone_at                  timestamptz,
    manual_enabled           boolean,
    manual_context_tokens    bigint,
    manual_max_output_tokens bigint,
    manual_zero_retention    boolean,
    manual_regions           text[],
    manual_input_modalities  text[],
    manual_parameters        text[],
    manual_quality           double precision,
    note                     text,
    corrected_at             timestamptz,
    corrected_by             text,
    version                  bigint not null default 1,
    primary key (provider, slug),
    constraint model_slug_length check (char_length(slug) between 1 and 200),
    constraint model_name_length check (char_length(name) between 1 and 300),
    constraint model_tokens_positive check (context_tokens > 0 and max_output_tokens > 0),
    constraint model_manual_tokens_positive check (manual_context_tokens > 0 and manual_max_output_tokens > 0),
    constraint model_quality_is_a_share check (manual_quality between 0 and 1),
    constraint model_note_length check (char_length(note) between 1 and 500),
    constraint model_correction_is_signed check ((corrected_at is null) = (corrected_by is null))
);
grant select, insert on routing_models to engine;
grant update (name, canonical_slug, context_tokens, max_output_tokens, input_modalities, output_modalities, parameters, listed_at, expires_at, gone_at,
    manual_enabled, manual_context_tokens, manual_max_output_tokens, manual_zero_retention, manual_regions, manual_input_modalities,
    manual_parameters, manual_quality, note, corrected_at, corrected_by, version)
on routing_models to engine;

-- What a model costs, in dollars a token, request, image or search, and since when. No current row of any origin: not known, which is
-- never taken for zero. manual: an operator says so; provider: the provider does; ceiling: the most it can be, where nobody knows.
create table routing_model_prices (
    price_id           bigint generated always as identity primary key,
    provider           text not null,
    slug               text not null,
    origin             text not null,
    prompt_usd         numeric(20, 12) not null,
    completion_usd     numeric(20, 12) not null,
    request_usd        numeric(20, 12) not null default 0,
    image_usd          numeric(20, 12) not null default 0,
    search_usd         numeric(20, 12) not null default 0,
    cache_read_usd     numeric(20, 12),
    cache_write_usd    numeric(20, 12),
    cache_write_1h_usd numeric(20, 12),
    reasoning_usd      numeric(20, 12),
    discount           numeric(9, 8) not null default 0,
    overrides          jsonb not null default '[]',
    valid_from         timestamptz not null,
    valid_to           timestamptz,
    set_by             text not null,
    constraint price_of_a_model foreign key (provider, slug) references routing_models (provider, slug),
    constraint price_origin_known check (origin in ('provider', 'manual', 'ceiling')),
    constraint price_not_negative check (least(prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd) >= 0),
    constraint price_ceiling_above_zero check (origin <> 'ceiling' or greatest(prompt_usd, completion_usd) > 0),
    constraint price_discount_is_a_share check (discount between 0 and 1),
    constraint price_overrides_form check (jsonb_typeof(overrides) = 'array'),
    constraint price_ends_after_start check (valid_to >= valid_from)
);
create unique index routing_model_prices_current on routing_model_prices (provider, slug, origin) where valid_to is null;
create index routing_model_prices_history on routing_model_prices (provider, slug, valid_from);
grant select, insert on routing_model_prices to engine;
grant update (valid_to) on routing_model_prices to engine;

-- What a sync or an operator changed in the catalog.
create table routing_model_changes (
    change_id  bigint generated always as identity primary key,
    provider   text not null,
    slug       text not null,
    kind       text not null,
    changed_at timestamptz not null,
    detail     jsonb not null default '{}',
    constraint change_of_a_model foreign key (provider, slug) references routing_models (provider, slug),
    constraint change_kind_known check (kind in ('new', 'gone', 'back', 'price_up', 'price_down', 'changed', 'corrected')),
    constraint change_detail_form check (jsonb_typeof(detail) = 'object')
);
create index routing_model_changes_of_model on routing_model_changes (provider, slug, change_id);
create index routing_model_changes_by_age on routing_model_changes (changed_at);
grant select, insert, delete on routing_model_changes to engine;

-- Counts the changes of each part of routing that processes keep in memory: they look here twice a second and read the part again when
-- its number has moved. Not a sequence: the number must become visible together with what it stands for.
create table routing_versions (
    part    text primary key,
    version bigint not null,
    constraint version_part_form check (part ~ '^[a-z][a-z0-9_]{0,62}$')
);
grant select, insert on routing_versions to engine;
grant update (version) on routing_versions to engine;

-- Models as they count: corrections before what the provider says, the price that is used, and why one is not selectable. A provider that
-- has moved to another host was never synced there, and its models are gone until it is.
create view v_models as
select m.provider, m.slug, m.name, m.canonical_slug,
    case
        when not p.enabled then 'provider_disabled'
        when p.kind = 'openrouter' and not exists (select from routing_credentials c where c.provider = p.name and c.state = 'active') then 'no_key'
        when m.gone_at is not null or p.synced_at is null then 'gone'
        when not coalesce(m.manual_enabled, true) then 'disabled'
        when r.origin is null then 'price_unknown'
        else 'selectable'
    end as state,
    coalesce(m.manual_context_tokens, m.context_tokens) as context_tokens,
    coalesce(m.manual_max_output_tokens, m.max_output_tokens) as max_output_tokens,
    coalesce(m.manual_input_modalities, m.input_modalities) as input_modalities, m.output_modalities,
    coalesce(m.manual_parameters, m.parameters) as parameters,
    coalesce(m.manual_zero_retention, p.zero_retention) as zero_retention,
    coalesce(m.manual_regions, p.regions) as regions,
    m.manual_quality as quality,
    r.origin as price_origin, r.prompt_usd, r.completion_usd, r.request_usd, r.image_usd, r.search_usd,
    r.cache_read_usd, r.cache_write_usd, r.cache_write_1h_usd, r.reasoning_usd, r.discount, r.overrides, r.valid_from as price_since,
    m.listed_at, m.expires_at, m.first_seen_at, m.gone_at, m.corrected_at, m.corrected_by, m.note
from routing_models m
join routing_providers p on p.name = m.provider
left join lateral (
    select origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd,
        discount, overrides, valid_from
    from routing_model_prices
    where provider = m.provider and slug = m.slug and valid_to is null
    order by array_position(array['manual', 'provider', 'ceiling'], origin)
    limit 1
) r on true;
grant select on v_models to engine, engine_reader;

-- Providers without their secrets; headers are left out too, for what somebody may have put into them.
create view v_providers as
select p.name, p.kind, p.base_url, p.enabled, p.zero_retention, p.regions, p.updated_at, p.tried_at, p.synced_at, p.sync_problem,
    a.fingerprint as active_key, a.promoted_at as active_since, a.verified_at as active_verified_at, s.fingerprint as staged_key,
    (select count(*) from routing_models m where m.provider = p.name and m.gone_at is null) as models
from routing_providers p
left join routing_credentials a on a.provider = p.name and a.state = 'active'
left join routing_credentials s on s.provider = p.name and s.state = 'staged';
grant select on v_providers to engine_reader;

create view v_model_changes as
select change_id, changed_at, provider, slug, kind, detail
from routing_model_changes;
grant select on v_model_changes to engine_reader;

create view v_model_prices as
select provider, slug, origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd,
    reasoning_usd, discount, overrides, valid_from, valid_to, set_by
from routing_model_prices;
grant select on v_model_prices to engine_reader;

insert into schedules (name, duty, cron, updated_at) values
    ('sync_models', 'sync_models', '0 11 * * * ?', timestamptz '2026-01-01 00:00:00+00');
