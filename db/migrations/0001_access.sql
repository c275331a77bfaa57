-- API tokens: who may call the engine, as what. The secret itself is never stored.
create table api_tokens (
    token_id      uuid primary key,
    prefix        text not null unique check (prefix ~ '^[a-z2-7]{8}$'),
    secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
    name          text not null check (char_length(name) between 1 and 100),
    role          text not null check (role in ('reader', 'operator', 'approver', 'admin')),
    tenant        text check (char_length(tenant) between 1 and 100),
    created_at    timestamptz not null,
    created_by    text not null,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    constraint token_expires_after_creation check (expires_at > created_at)
);
create index api_tokens_by_creation on api_tokens (created_at desc, token_id desc);
grant select, insert on api_tokens to engine;
grant update (revoked_at, last_used_at) on api_tokens to engine;

create view v_api_tokens as
select token_id, prefix, name, role, tenant, created_at, created_by, expires_at, revoked_at, last_used_at
from api_tokens;
grant select on v_api_tokens to engine_reader;

create view v_schema_migrations as
select number, name, checksum, applied_at
from schema_migrations;
grant select on v_schema_migrations to engine_reader;
