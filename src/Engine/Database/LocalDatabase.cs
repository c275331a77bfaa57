using Engine.Database.Embedded;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engine.Database;

/// <summary>
/// The configured database for commands that work without a running engine. An embedded one is joined, or started for as
/// long as this lives.
/// </summary>
/// <param name="Engine">Connection string of the runtime's login.</param>
/// <param name="Owner">Of the login that owns the schema.</param>
/// <param name="Embedded">This command's hold on the embedded server, which stays up as long; null with an external one.</param>
/// <param name="WasStarted">It is up for this command's sake, no engine had it running.</param>
public sealed record LocalDatabase(string Engine, string Owner, IAsyncDisposable? Embedded, bool WasStarted) : IAsyncDisposable
{
    const int Sessions = 3;

    /// <summary>Sessions of the runtime's login that the server ends when the command hangs or its host is gone.</summary>
    public NpgsqlDataSource OpenEngine() => NpgsqlDataSource.Create(EngineDatabase.Guarded(Engine, Sessions));

    /// <summary>The same of the schema's owner.</summary>
    public NpgsqlDataSource OpenOwner() => NpgsqlDataSource.Create(EngineDatabase.Guarded(Owner, Sessions));

    /// <exception cref="Hosting.StartupException">The embedded database cannot be started.</exception>
    public static async Task<LocalDatabase> OpenAsync(EngineSettings settings, CancellationToken ct)
    {
        var database = settings.Get<DatabaseSettings>();
        if (!database.IsEmbedded) return External(settings, database);
        var embedded = settings.Get<EmbeddedPostgresSettings>();
        if (await EmbeddedPostgres.TryJoinAsync(settings.DataFolder, embedded, NullLogger.Instance, ct) is { } joined)
            return new LocalDatabase(joined.Connections.Engine, joined.Connections.Owner, joined, WasStarted: false);
        var started = await EmbeddedPostgres.StartAsync(settings.DataFolder, embedded, NullLogger.Instance, ct);
        return new LocalDatabase(started.EngineConnectionString, started.OwnerConnectionString, started, WasStarted: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (Embedded is not null) await Embedded.DisposeAsync();
    }

    static LocalDatabase External(EngineSettings settings, DatabaseSettings database)
    {
        var owner = string.IsNullOrWhiteSpace(database.OwnerConnectionString) ? database.ConnectionString! : database.OwnerConnectionString;
        return new LocalDatabase(EngineDatabase.AsConfigured(settings, database.ConnectionString!), EngineDatabase.AsConfigured(settings, owner), null, WasStarted: false);
    }
}
