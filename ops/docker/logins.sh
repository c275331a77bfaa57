#!/bin/sh
# Runs once, when the compose file's database is made: the two logins whose connection strings are the engine's secrets.
set -eu

password() { sed -n 's/.*Password=\([^;]*\).*/\1/p' "/run/secrets/$1"; }

OWNER_PASSWORD=$(password database_owner) ENGINE_PASSWORD=$(password database) \
    psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv engine_password ENGINE_PASSWORD
create role engine_owner login password :'owner_password';
grant pg_read_all_stats to engine_owner; -- who keeps an old transaction open
alter role engine login password :'engine_password';
alter database :DBNAME owner to engine_owner;
SQL
