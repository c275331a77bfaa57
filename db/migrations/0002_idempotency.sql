-- The answer to each request that named an Idempotency-Key, stored in the transaction of what the request created.
create table idempotency_keys (
    caller         text not null,
    key            text not null check (char_length(key) between 1 and 200),
    request_sha256 bytea not null check (octet_length(request_sha256) = 32),
    body           jsonb not null,
    created_at     timestamptz not null,
    primary key (caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
grant select, insert, delete on idempotency_keys to engine;
