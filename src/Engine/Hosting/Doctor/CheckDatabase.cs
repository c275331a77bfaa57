using Dapper;
using Engine.Database;
using Engine.Database.Embedded;
using Engine.Gateway;
using Engine.Hosting.Configuration;
using Engine.Tasks;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engine.Hosting.Doctor;

/// <summary>What only the database itself can tell: its schema's age, its clock, what the engine's login may do, and where calls to models go.</summary>
/// <param name="host">This host's clocks.</param>
sealed class CheckDatabase(EngineSettings settings, TimeProvider host)
{
    static readonly TimeSpan LargestSkew = TimeSpan.FromSeconds(5);

    const string Sql = """
        select r.rolsuper or r.rolcreaterole or r.rolcreatedb as is_mighty,
               exists (select from pg_class c where c.relname = 'schema_migrations' and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')) as is_owner
        from pg_roles r where r.rolname = current_user
        """;

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken ct)
    {
        var isEmbedded = settings.Get<DatabaseSettings>().IsEmbedded;
        var folder = new PostgresFolder(settings.DataFolder);
        if (isEmbedded && !Directory.Exists(folder.Data)) return [Finding.Skipped("database", "the first start makes the embedded one")];
        LocalDatabase? database = null;
        try
        {
            database = await LocalDatabase.OpenAsync(settings, ct);
            return await LookAsync(database, isEmbedded, ct);
        }
        catch (StartupException e)
        {
            return Unusable(e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            var login = new NpgsqlConnectionStringBuilder(database!.Engine).Username;
            return Unusable(new StartupException($"The login {login} lacks the rights of the role engine: {e.MessageText}.", $"run in that database: grant engine to \"{login}\";", e));
        }
        finally
        {
            if (database is not null) await database.DisposeAsync();
        }
    }

    static List<Finding> Unusable(StartupException e) =>
        [Finding.Failed("database", e), Finding.Skipped("schema", "the database has to be usable first")];

    async Task<IReadOnlyList<Finding>> LookAsync(LocalDatabase database, bool isEmbedded, CancellationToken ct)
    {
        await EngineDatabase.ConnectAsync(database.Engine, TimeSpan.Zero, host, NullLogger.Instance, ct);
        await using var source = database.OpenEngine();
        var schema = await new MigrateDatabase(source, host, NullLogger<MigrateDatabase>.Instance).PlanAsync(null, ct);
        await using var connection = await source.OpenConnectionAsync(ct);
        var owner = await connection.QuerySingleOrDefaultAsync<SchemaOwner>(new CommandDefinition(ReadQueueDepth.OwnerSql, cancellationToken: ct));
        var rights = await connection.QuerySingleAsync<Rights>(new CommandDefinition(Sql, cancellationToken: ct));
        return
        [
            Finding.Ok("database", isEmbedded ? database.WasStarted ? "the embedded database starts" : "the embedded database runs" : $"{connection.Host}:{connection.Port}/{connection.Database} answers"),
            Schema(schema),
            await ClockAsync(source, ct),
            Privileges(rights, new NpgsqlConnectionStringBuilder(database.Engine).Username ?? "?"),
            Sessions(owner),
            schema is MigrationPlan.UpToDate ? await CheckModels.RunAsync(connection, settings.Get<RoutingSettings>(), ct) : Finding.Skipped("models", "the schema has to be up to date first"),
        ];
    }

    Finding Schema(MigrationPlan plan) => plan switch
    {
        MigrationPlan.UpToDate up => Finding.Ok("schema", $"version {up.Version}, up to date"),
        MigrationPlan.Pending all when all.Migrations.Count == Migration.All.Count && settings.Get<DatabaseSettings>().MigrateOnStart =>
            Finding.Ok("schema", "empty; the first start makes it"),
        _ => Finding.Failed("schema", plan.Refusal()!),
    };

    async Task<Finding> ClockAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        var time = new DatabaseTime(source, host);
        await time.SyncAsync(ct);
        var skew = time.Skew;
        var text = $"the database's clock is {skew.Duration().TotalSeconds:0.###} s {(skew < TimeSpan.Zero ? "behind" : "ahead of")} this host's";
        return skew.Duration() <= LargestSkew ? Finding.Ok("clock", text)
            : Finding.Warning("clock", $"Clock skew: {text}; leases and expiries go by the database's, logs by this host's.",
                "set the wrong clock right and keep it so by NTP: timedatectl set-ntp true (see: timedatectl timesync-status, chronyc tracking).");
    }

    static Finding Privileges(Rights rights, string user) => rights switch
    {
        { IsMighty: true } => Finding.Warning("privileges", $"The engine's login {user} is a superuser or may create roles or databases; it needs none of that.",
            $"let it log in as a role that can only do the engine's work: create role my_engine login password '…' in role engine; then name it instead of {user} in ENGINE__DATABASE__CONNECTIONSTRING."),
        { IsOwner: true } => Finding.Warning("privileges", $"The engine's login {user} owns its tables and could change the audit log's protection.",
            "name that login in ENGINE__DATABASE__OWNERCONNECTIONSTRING, and one that is only in role engine in ENGINE__DATABASE__CONNECTIONSTRING."),
        _ => Finding.Ok("privileges", $"{user} may do the engine's work and no more"),
    };

    static Finding Sessions(SchemaOwner? owner) => owner switch
    {
        null => Finding.Skipped("sessions", "the schema has to be there first"),
        { SeesAll: false } => Finding.Warning("sessions", $"The schema's owner {owner.Owner} does not see what sessions of other logins do: a transaction that they keep open slows tasks down, and nobody is told.",
            $"as an administrator of the database: {SchemaOwner.GrantTo(owner.Owner)}"),
        _ => Finding.Ok("sessions", $"the schema's owner {owner.Owner} sees the transactions of all logins"),
    };

    sealed record Rights(bool IsMighty, bool IsOwner);
}
