using Dapper;
using Npgsql;

namespace Chaos.Driving;

/// <summary>Makes the next statements that write to a table fail with an SQLSTATE, inside of the server.</summary>
public sealed class ErrorInjection(NpgsqlDataSource superuser)
{
    public static readonly IReadOnlyList<string> Tables = ["tasks", "task_ready", "task_leases", "task_attempts"];

    // A sequence counts them, because what a failed statement writes is gone with it.
    const string PrepareSql = """
        create sequence chaos_errors; -- its last value is how often it was asked
        select nextval('chaos_errors');
        create table chaos_error_plan (table_name text primary key, sqlstate text not null, since bigint not null, until bigint not null);
        create function chaos_fail() returns trigger language plpgsql security definer set search_path = public as $$
        declare
            planned record;
        begin
            select * into planned from chaos_error_plan where table_name = tg_table_name;
            if found and nextval('chaos_errors') <= planned.until then
                raise exception 'a planted error' using errcode = planned.sqlstate;
            end if;
            return null;
        end $$;
        """;

    public async Task PrepareAsync(CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(PrepareSql + string.Concat(Tables.Select(t =>
            $"create trigger chaos before insert or delete on {t} for each statement execute function chaos_fail();")), cancellationToken: ct));
    }

    /// <param name="table">One of <see cref="Tables"/>; inserts into it and deletes from it fail.</param>
    public async Task ArmAsync(string table, string sqlState, int count, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into chaos_error_plan (table_name, sqlstate, since, until) select @table, @sqlState, last_value, last_value + @count from chaos_errors
            on conflict (table_name) do update set sqlstate = excluded.sqlstate, since = excluded.since, until = excluded.until
            """, new { table, sqlState, count }, cancellationToken: ct));
    }

    /// <returns>How many statements have failed so since the last arming; meaningful while one table is armed.</returns>
    public async Task<long> RaisedAsync()
    {
        await using var connection = await superuser.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select max(least(e.last_value, p.until) - p.since) from chaos_error_plan p cross join chaos_errors e");
    }

    public async Task DisarmAsync(CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("delete from chaos_error_plan", cancellationToken: ct));
    }
}
