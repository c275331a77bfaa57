using Engine.Database.Embedded;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Database;

/// <summary>
/// The configured database for commands that work without a running engine. An embedded one is joined, or started for as
/// long as this lives.
/// </summary>
/// <param name="Engine">Connection string of the runtime's login.</param>
/// <param name="Owner">Of the login that owns the schema.</param>
public sealed record LocalDatabase(string Engine, string Owner, EmbeddedPostgres? Embedded) : IAsyncDisposable
{
    /// <exception cref="Hosting.StartupException">The embedded database cannot be started.</exception>
    public static async Task<LocalDatabase> OpenAsync(EngineSettings settings, CancellationToken ct)
    {
        var database = settings.Get<DatabaseSettings>();
        if (!database.IsEmbedded) return External(database);
        if (EmbeddedPostgres.TryAttach(settings.DataFolder) is { } running) return new LocalDatabase(running.Engine, running.Owner, null);
        var started = await EmbeddedPostgres.StartAsync(
            settings.DataFolder, settings.Get<EmbeddedPostgresSettings>(), NullLogger.Instance, ct);
        return new LocalDatabase(started.EngineConnectionString, started.OwnerConnectionString, started);
    }

    public async ValueTask DisposeAsync()
    {
        if (Embedded is not null) await Embedded.DisposeAsync();
    }

    static LocalDatabase External(DatabaseSettings database) => new(
        database.ConnectionString!,
        string.IsNullOrWhiteSpace(database.OwnerConnectionString) ? database.ConnectionString! : database.OwnerConnectionString, null);
}
