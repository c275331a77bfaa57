using Engine.Database;
using Engine.Database.Embedded;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

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
            var version = await EngineDatabase.ConnectAsync(database.ConnectionString!, TimeSpan.Zero, TimeProvider.System, NullLogger.Instance, ct);
            return Finding.Ok("postgres", $"PostgreSQL {version} at {EngineDatabase.Place(database.ConnectionString!)}");
        }
        catch (StartupException e)
        {
            return Finding.Failed("postgres", e);
        }
    }
}
