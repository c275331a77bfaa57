using Dapper;
using Engine.Database;
using Npgsql;
using Support;

namespace Engine.Tests.Database;

/// <summary>Keeps <c>db/schema.sql</c> and <c>db/views.sql</c>, which people read, equal to what the migrations make.</summary>
public sealed class SchemaTests(TestDatabase migrated) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    /// <summary>Everything that a migration can make, one line a thing, whatever order it was made in.</summary>
    const string Catalog = """
        select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
        from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'p')
        union all
        select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select 'index ' || pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indexrelid where c.relnamespace = 'public'::regnamespace
        union all
        select 'sequence ' || relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace
        union all
        select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all
        select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
        union all
        select 'view ' || relname || ' ' || pg_get_viewdef(oid) from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
        union all
        select 'rights ' || c.relname || ' ' || coalesce(acl::text, '') from pg_class c, unnest(c.relacl) acl where c.relnamespace = 'public'::regnamespace
        union all
        select 'rights ' || c.relname || '.' || a.attname || ' ' || acl::text
        from pg_attribute a join pg_class c on c.oid = a.attrelid, unnest(a.attacl) acl where c.relnamespace = 'public'::regnamespace
        union all
        select 'rights ' || proname || ' ' || coalesce(acl::text, '') from pg_proc, unnest(proacl) acl where pronamespace = 'public'::regnamespace
        """;

    readonly TestDatabase written = new();

    public Task InitializeAsync() => written.InitializeAsync();

    public Task DisposeAsync() => written.DisposeAsync();

    [Fact]
    public async Task The_files_that_people_read_say_what_the_migrations_make()
    {
        await using var rebuilt = await written.Owner.OpenConnectionAsync();
        await rebuilt.ExecuteAsync("drop schema public cascade; create schema public; grant usage on schema public to public");
        foreach (var file in new[] { "schema.sql", "views.sql" })
        {
            await using var command = new NpgsqlCommand(await File.ReadAllTextAsync(RepositoryFile.Path("db", file)), rebuilt);
            await command.ExecuteNonQueryAsync();
        }

        var shown = await rebuilt.QueryAsync<string>(Catalog);
        await using var real = await migrated.Owner.OpenConnectionAsync();
        var made = await real.QueryAsync<string>(Catalog);

        var lacking = made.Except(shown).Select(line => $"lacks  {line}");
        var wrong = shown.Except(made).Select(line => $"has    {line}");
        Assert.True(!lacking.Any() && !wrong.Any(), "db/schema.sql and db/views.sql differ from the migrations:\n" + string.Join("\n", lacking.Concat(wrong)));
    }

    [Fact]
    public async Task The_reader_sees_every_view_and_no_table()
    {
        await using var connection = await migrated.Reader.OpenConnectionAsync();
        var relations = await connection.QueryAsync<Relation>("""
            select relname as name, relkind = 'v' as is_view, has_table_privilege(oid, 'select') as may_read,
                has_table_privilege(oid, 'insert, update, delete, truncate') as may_write
            from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'p')
            """);

        Assert.NotEmpty(relations);
        Assert.All(relations, r => Assert.Equal((r.Name, r.IsView, false), (r.Name, r.MayRead, r.MayWrite)));
        // governance_tasks is one of the names that the product fixes.
        Assert.All(relations.Where(r => r.IsView && r.Name is not ("governance_tasks" or "error_groups")), r => Assert.StartsWith("v_", r.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_engines_role_is_no_superuser_and_owns_nothing()
    {
        await using var connection = await migrated.Source.OpenConnectionAsync();

        Assert.False(await connection.ExecuteScalarAsync<bool>("select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls from pg_roles where rolname = current_user"));
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>("select count(*) from pg_class where relowner = (select oid from pg_roles where rolname = 'engine')"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync("create table mine (mine_id integer)"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        Assert.Equal(Migration.All.Count, await connection.ExecuteScalarAsync<long>("select count(*) from schema_migrations"));
    }

    sealed record Relation(string Name, bool IsView, bool MayRead, bool MayWrite);
}
