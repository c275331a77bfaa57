using Engine.Hosting;
using Npgsql;

namespace Engine.Database.Embedded;

/// <summary>Creates the engine's database and its three logins when they are missing, and sets passwords, limits and rights in any case.</summary>
sealed class PrepareDatabase(
    EmbeddedConnections connections, ClusterSecrets secrets, PostgresFolder folder, PostgresBinaries binaries, PostgresUser? user)
{
    // Together less than max_connections (200) minus the 3 kept for the superuser.
    const int OwnerConnections = 16, EngineConnections = 150, ReaderConnections = 24;

    public async Task RunAsync(CancellationToken ct)
    {
        await using (var maintenance = await OpenAsync("postgres", ct))
        {
            await PrepareLoginAsync(maintenance, "engine_owner", secrets.Owner, OwnerConnections, ct);
            await PrepareLoginAsync(maintenance, "engine", secrets.Engine, EngineConnections, ct);
            await PrepareLoginAsync(maintenance, "engine_reader", secrets.Reader, ReaderConnections, ct);
            await ExecuteAsync(maintenance, "grant pg_read_all_stats to engine_owner", ct); // who keeps an old transaction open
            if (!await ExistsAsync(maintenance, "select exists (select from pg_database where datname = $1)", EmbeddedConnections.DatabaseName, ct))
                await ExecuteAsync(maintenance, "create database engine owner engine_owner template template0 encoding 'UTF8' locale 'C'", ct);
            await ExecuteAsync(maintenance, """
                revoke all on database postgres, template1 from public;
                revoke all on database engine from public;
                grant connect on database engine to engine_owner, engine, engine_reader;
                """, ct);
        }
        await using var database = await OpenAsync(EmbeddedConnections.DatabaseName, ct);
        await ExecuteAsync(database, "revoke create on schema public from public", ct);
    }

    static async Task PrepareLoginAsync(NpgsqlConnection connection, string role, string password, int limit, CancellationToken ct)
    {
        // The role's name and the verifier (base64 and separators) need no quoting beyond this; a role cannot be a parameter.
        if (!await ExistsAsync(connection, "select exists (select from pg_roles where rolname = $1)", role, ct))
            await ExecuteAsync(connection, $"create role {role}", ct);
        await ExecuteAsync(connection, $"""
            alter role {role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
                connection limit {limit} password '{ScramVerifier.Of(password)}'
            """, ct);
    }

    async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken ct)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connections.Superuser)
        {
            Database = database,
            Pooling = false,
        }.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            await connection.DisposeAsync();
            throw new StartupException($"The password in {ClusterSecrets.SuperuserFile(folder)} is not that of the cluster in {folder.Data}.",
                $"""
                restore {folder.Secrets} from the backup that the data folder came from; when there is none, set the password, with all engines stopped:
                    cd '{folder.Home}' && printf "alter role postgres password '%s'" "$(cat '{ClusterSecrets.SuperuserFile(folder)}')" \
                      | {(user is null ? "" : $"runuser -u {user.Name} -- ")}{binaries.Program("postgres")} --single -D data postgres
                """, e);
        }
    }

    static async Task<bool> ExistsAsync(NpgsqlConnection connection, string sql, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = name } } };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
