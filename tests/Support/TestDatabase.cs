using Dapper;
using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Support;

/// <summary>A database of its own for a test class, cloned from a migrated template; dropped afterwards.</summary>
public sealed class TestDatabase : IAsyncLifetime
{
    const string Template = "engine_template";
    static readonly SemaphoreSlim Cloning = new(1, 1);
    static Task<string>? next; // cloned while the tests before it run
    static int count;

    string superuser = "";
    string name = "";

    /// <summary>What the engine itself connects as: the role <c>engine</c>.</summary>
    public NpgsqlDataSource Source { get; private set; } = null!;

    /// <summary>The owner of the schema, for arranging and for tampering.</summary>
    public NpgsqlDataSource Owner { get; private set; } = null!;

    /// <summary>The read-only role <c>engine_reader</c>.</summary>
    public NpgsqlDataSource Reader { get; private set; } = null!;

    public string EngineConnectionString => TestCluster.ConnectionString(superuser, name, "engine");
    public string OwnerConnectionString => TestCluster.ConnectionString(superuser, name);

    public async Task InitializeAsync()
    {
        superuser = await TestCluster.SuperuserAsync();
        await Cloning.WaitAsync();
        try
        {
            if (next is null) await MakeTemplateAsync();
            name = await (next ?? CloneAsync());
            next = CloneAsync();
        }
        finally
        {
            Cloning.Release();
        }
        Source = NpgsqlDataSource.Create(EngineConnectionString);
        Owner = NpgsqlDataSource.Create(OwnerConnectionString);
        Reader = NpgsqlDataSource.Create(TestCluster.ConnectionString(superuser, name, "engine_reader"));
    }

    public async Task DisposeAsync()
    {
        foreach (var source in new[] { Source, Owner, Reader })
            if (source is not null) await source.DisposeAsync();
        if (name.Length == 0) return;
        await AdministerAsync($"drop database if exists {name} with (force)");
    }

    /// <summary>Ends all sessions of the database over and over, as an operator or a failover would.</summary>
    public async Task InterruptAsync(TimeSpan outage)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (clock.Elapsed < outage)
            await AdministerAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    }

    /// <summary>Empties all tables of the engine, as the superuser and past every trigger, before a test.</summary>
    public async Task EmptyAsync()
    {
        await using var connection = await Owner.OpenConnectionAsync();
        var tables = await connection.QueryAsync<string>("""
            select format('%I', tablename) from pg_tables
            where schemaname = 'public' and tablename <> 'schema_migrations' and tablename not like 'qrtz_%'
            """);
        await connection.ExecuteAsync("set session_replication_role = replica; "
            + string.Concat(tables.Select(t => $"delete from {t}; ")) + "set session_replication_role = origin; "
            + "insert into task_engine (mode, changed_at, changed_by, min_protocol) values ('running', 'epoch', 'migration', 1); insert into budget_changes (change) values (1)");
    }

    async Task MakeTemplateAsync()
    {
        var template = $"{Template}_{Environment.ProcessId}";
        await AdministerAsync($"create database {template}");
        await using var owner = NpgsqlDataSource.Create(TestCluster.ConnectionString(superuser, template) + ";Pooling=false");
        await new MigrateDatabase(owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync(null, CancellationToken.None);
    }

    async Task<string> CloneAsync()
    {
        var clone = $"test_{Environment.ProcessId}_{++count}";
        await AdministerAsync($"create database {clone} template {Template}_{Environment.ProcessId}");
        return clone;
    }

    async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync();
        await connection.ExecuteAsync(sql);
    }
}
