-- The roles that the schema grants to. Run once for a new database by a role that may create roles; the embedded database
-- and a migrating login with that right do it by themselves. Logins: make these two log in, or grant them to your own logins:
--     create role my_engine login password '…' in role engine;
--     create role my_analyst login password '…' in role engine_reader;
-- The owner of the schema is whoever runs the migrations and needs no name of its own. Unless it is a superuser, let it see who keeps
-- an old transaction open:
--     grant pg_read_all_stats to my_owner;
do $$
begin
    if not exists (select from pg_roles where rolname = 'engine') then
        create role engine nologin;            -- what the running engine may do: its own rows, nothing else
    end if;
    if not exists (select from pg_roles where rolname = 'engine_reader') then
        create role engine_reader nologin;     -- what operators may do: read the documented views
    end if;
exception
    when duplicate_object or unique_violation then null; -- another database of this cluster made them just now
end $$;
