using System.Net.Sockets;
using Dapper;
using Engine.Database.Embedded;
using Engine.Faults;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Engine.Tasks;
using Npgsql;

namespace Engine.Database;

/// <summary>The database that this process works on, opened, brought up to date and with its clock measured.</summary>
public sealed class EngineDatabase : IAsyncDisposable
{
    const int OldestMajor = PostgresBinaries.OldestMajor;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    EngineDatabase(EmbeddedPostgres? embedded, NpgsqlDataSource source, string engine, string owner, DatabaseTime time, string serverVersion, int schemaVersion)
    {
        (Embedded, Source, Time, ServerVersion, SchemaVersion) = (embedded, source, time, serverVersion, schemaVersion);
        Reserved = new ReservedConnections(engine);
        Owner = new NpgsqlDataSourceBuilder(Guarded(owner, 3)) { Name = "engine_owner" }.Build();
    }

    /// <summary>The server that the engine brought up itself; null when it was given one.</summary>
    public EmbeddedPostgres? Embedded { get; }

    /// <summary>Connections of the engine's own role.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Connections outside the pool, for what must not wait for one.</summary>
    public ReservedConnections Reserved { get; }

    /// <summary>Connections of the schema's owner, for its upkeep; opened only when used. The engine's own login where no owner was named.</summary>
    public NpgsqlDataSource Owner { get; }

    public DatabaseTime Time { get; }

    /// <summary>For example <c>15.18</c>.</summary>
    public string ServerVersion { get; }

    /// <summary>Number of the last migration that was applied when this was opened.</summary>
    public int SchemaVersion { get; }

    /// <summary>Starts the embedded server when no other was named; then connects, migrates and measures the clock.</summary>
    /// <exception cref="StartupException">It cannot be used; the message says why and what to do.</exception>
    public static async Task<EngineDatabase> OpenAsync(EngineSettings settings, ILoggerFactory loggers, CancellationToken ct)
    {
        var database = settings.Get<DatabaseSettings>();
        if (database.ConnectionString is { Length: > 0 } engine)
        {
            var owner = database.OwnerConnectionString ?? engine;
            return await OpenAsync(null, AsConfigured(settings, engine), AsConfigured(settings, owner), database, loggers, ct);
        }

        var embedded = await EmbeddedPostgres.StartAsync(
            settings.DataFolder, settings.Get<EmbeddedPostgresSettings>(), loggers.CreateLogger<EmbeddedPostgres>(), ct);
        try
        {
            return await OpenAsync(embedded, embedded.EngineConnectionString, embedded.OwnerConnectionString, database, loggers, ct);
        }
        catch
        {
            await embedded.DisposeAsync();
            throw;
        }
    }

    /// <param name="engine">What the engine works as; its pool has at most <see cref="DatabaseSettings.MaxPoolSize"/> connections.</param>
    /// <param name="owner">What migrations run as.</param>
    static async Task<EngineDatabase> OpenAsync(
        EmbeddedPostgres? embedded, string engine, string owner, DatabaseSettings settings, ILoggerFactory loggers, CancellationToken ct)
    {
        var host = TimeProvider.System; // to wait by, and for the database's clock to count on with
        var log = loggers.CreateLogger<EngineDatabase>();
        var version = await ConnectAsync(owner, settings.StartTimeout, host, log, ct);
        await using (var owning = NpgsqlDataSource.Create(Guarded(owner, 5)))
        {
            var migrate = new MigrateDatabase(owning, host, loggers.CreateLogger<MigrateDatabase>());
            if (settings.MigrateOnStart) await MigrateAsync(migrate, ct);
            else if ((await migrate.PlanAsync(null, ct)).Refusal() is { } refusal) throw refusal;
        }

        var source = new NpgsqlDataSourceBuilder(Guarded(engine, settings.MaxPoolSize)) { Name = "engine" }.Build();
        try
        {
            if (engine != owner) await ConnectAsync(engine, TimeSpan.Zero, host, log, ct);
            await RequireRightsAsync(source, ct);
            var schemaVersion = await ReadSchemaVersionAsync(source, ct);
            var time = new DatabaseTime(source, host);
            await time.SyncAsync(ct);
            return new EngineDatabase(embedded, source, engine, owner, time, version, schemaVersion);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Reserved.DisposeAsync();
        await Owner.DisposeAsync();
        if (Embedded is not null) await Embedded.DisposeAsync();
    }

    /// <summary>One connection, as a start needs it: waits for a server that does not answer yet, tells at once what will not mend itself.</summary>
    /// <returns>The server's version.</returns>
    public static async Task<string> ConnectAsync(string connectionString, TimeSpan patience, TimeProvider host, ILogger log, CancellationToken ct)
    {
        var started = host.GetTimestamp();
        while (true)
        {
            try
            {
                await using var look = Look(connectionString);
                await using var connection = await look.OpenConnectionAsync(ct);
                if (connection.PostgreSqlVersion.Major < OldestMajor)
                    throw new StartupException($"The server at {Place(connectionString)} is PostgreSQL {connection.PostgreSqlVersion}; the engine needs {OldestMajor} or newer.",
                        $"upgrade that server, or let Engine:Database:ConnectionString name a newer one.");
                return connection.PostgreSqlVersion.ToString();
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException && Fault.Of(e, ct) == FaultKind.Transient
                && host.GetElapsedTime(started) < patience)
            {
                log.Waiting(Reason(e), host.GetUtcNow() + (patience - host.GetElapsedTime(started)));
                await Task.Delay(Pause, host, ct);
            }
            catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
            {
                throw Explain(e, connectionString);
            }
        }
    }

    /// <returns>What was applied.</returns>
    /// <exception cref="StartupException">Also when the login may not change the schema.</exception>
    public static async Task<IReadOnlyList<Migration>> MigrateAsync(MigrateDatabase migrate, CancellationToken ct)
    {
        try
        {
            return await migrate.RunAsync(null, ct);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedObject)
        {
            throw new StartupException($"The schema cannot be brought up to date: {e.MessageText}.",
                "run db/roles.sql once as a role that may create roles, and let Engine:Database:OwnerConnectionString name the login that owns the database.", e);
        }
    }

    /// <exception cref="StartupException">The login is neither the owner nor a member of the role <c>engine</c>.</exception>
    public static async Task RequireRightsAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select has_table_privilege('api_tokens', 'insert') and has_table_privilege('schema_migrations', 'select')", cancellationToken: ct))) return;
        throw new StartupException($"The login {connection.UserName} lacks the rights of the role engine.", $"run in that database: grant engine to \"{connection.UserName}\";");
    }

    static async Task<int> ReadSchemaVersionAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition("select max(number) from schema_migrations", cancellationToken: ct));
    }

    internal static string Pooled(string connectionString, int size) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "engine", Timeout = 5, CommandTimeout = 30, KeepAlive = 30, MaxPoolSize = size, MinPoolSize = 0, IncludeErrorDetail = false,
        ConnectionIdleLifetime = 60, CancellationTimeout = 2000, MaxAutoPrepare = IsUnprepared(connectionString) ? 0 : 50, AutoPrepareMinUsages = 3,
    }.ConnectionString;

    /// <summary>The same for sessions that work, with <see cref="SessionOptions"/> where they can be passed.</summary>
    internal static string Guarded(string connectionString, int size)
    {
        var parts = new NpgsqlConnectionStringBuilder(Pooled(connectionString, size));
        if (!IsUnprepared(connectionString)) parts.Options = SessionOptions.Before(parts.Options);
        return parts.ConnectionString;
    }

    /// <summary>As it is, or for a transaction pooler when the settings speak of one.</summary>
    internal static string AsConfigured(EngineSettings settings, string connectionString) => settings.Get<TasksSettings>().Listen ? connectionString : Unprepared(connectionString);

    /// <summary>For a transaction pooler, behind which the next statement may meet another session.</summary>
    static string Unprepared(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 0, NoResetOnClose = true }.ConnectionString;

    static bool IsUnprepared(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).NoResetOnClose;

    /// <summary>One look at the server: no pool that lives on, none of the queries that a working connection begins with.</summary>
    static NpgsqlDataSource Look(string connectionString) =>
        new NpgsqlDataSourceBuilder(Pooled(connectionString, 1)).ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();

    /// <summary>Where a connection string leads, without what it must not show.</summary>
    public static string Place(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{parts.Host}:{parts.Port}/{parts.Database ?? parts.Username}";
    }

    static string Reason(Exception e) => e is PostgresException p ? p.MessageText : e.InnerException?.Message ?? e.Message;

    static StartupException Explain(Exception e, string connectionString)
    {
        var place = Place(connectionString);
        var user = new NpgsqlConnectionStringBuilder(connectionString).Username;
        return e switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } => new(
                $"PostgreSQL at {place} refuses the login {user}: {Reason(e)}.",
                "correct user or password in ENGINE__DATABASE__CONNECTIONSTRING (or the file its _FILE names); on the server: alter role … password …", e),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new(
                $"The server at {place} has no such database.", "create it there (create database …), or correct Database= in ENGINE__DATABASE__CONNECTIONSTRING.", e),
            NpgsqlException { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } } => new(
                $"The database's host in {place} is not known: {Reason(e)}.", "correct Host= in ENGINE__DATABASE__CONNECTIONSTRING, or the name service.", e),
            _ => new($"PostgreSQL at {place} cannot be reached: {Reason(e)}.",
                "start it, or correct ENGINE__DATABASE__CONNECTIONSTRING; unset it to let the engine start its own.", e),
        };
    }
}
