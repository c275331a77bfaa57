using Engine.Database;
using Engine.Database.Embedded;
using Engine.Hosting.Configuration;
using Npgsql;

namespace Engine.Hosting.Doctor;

/// <summary>Whether there is a PostgreSQL to use: programs for the embedded one, or an answer from the one that is configured.</summary>
static class CheckPostgres
{
    public static async Task<Finding> RunAsync(EngineSettings settings, CancellationToken ct)
    {
        var database = settings.Get<DatabaseSettings>();
        try
        {
            if (database.IsEmbedded)
            {
                var binaries = await PostgresBinaries.FindAsync(settings.Get<EmbeddedPostgresSettings>(), settings.DataFolder, ct);
                return Finding.Ok("postgres", $"embedded: PostgreSQL {binaries.Version} in {binaries.Folder}");
            }
            await using var source = NpgsqlDataSource.Create(database.ConnectionString!);
            await using var connection = await source.OpenConnectionAsync(ct);
            return connection.PostgreSqlVersion.Major >= PostgresBinaries.OldestMajor
                ? Finding.Ok("postgres", $"PostgreSQL {connection.PostgreSqlVersion} at {connection.Host}:{connection.Port}")
                : Finding.Failed("postgres", $"PostgreSQL at {connection.Host}:{connection.Port} has version {connection.PostgreSqlVersion}, at least {PostgresBinaries.OldestMajor} is needed.",
                    "upgrade it (pg_upgrade), or name another server in ENGINE__DATABASE__CONNECTIONSTRING.");
        }
        catch (StartupException e)
        {
            return Finding.Failed("postgres", e);
        }
        catch (Exception e) when (!database.IsEmbedded && DatabaseProblem.Of(e, database.ConnectionString!) is { } problem)
        {
            return Finding.Failed("postgres", problem);
        }
    }
}
