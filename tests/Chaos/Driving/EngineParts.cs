using System.Collections;
using Chaos.Kinds;
using Engine.Database;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Chaos.Driving;

/// <summary>The engine's behaviours in the driver's own process, without anything running in the background: it files and decides as an engine does.</summary>
public sealed class EngineParts : IAsyncDisposable
{
    readonly ServiceProvider services;
    readonly EngineDatabase database;

    EngineParts(ServiceProvider services, EngineDatabase database) => (this.services, this.database) = (services, database);

    public NpgsqlDataSource Source => database.Source;

    public TimeProvider Time => database.Time;

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    /// <summary>Migrates the database as the first engine does.</summary>
    /// <param name="engine">Connection string of the engine's role.</param>
    /// <param name="owner">Connection string of the schema's owner.</param>
    /// <param name="throughPooler">They lead through a transaction pooler.</param>
    public static async Task<EngineParts> OpenAsync(string engine, string owner, string dataFolder, CancellationToken ct, bool throughPooler = false)
    {
        var settings = EngineSettings.Load(null, (IDictionary)new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = dataFolder, ["ENGINE__DATABASE__CONNECTIONSTRING"] = engine, ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = owner,
            ["ENGINE__TASKS__LISTEN"] = throughPooler ? "false" : "true",
        });
        var database = await EngineDatabase.OpenAsync(settings, NullLoggerFactory.Instance, ct);
        var services = new ServiceCollection();
        services.AddLogging();
        settings.AddTo(services);
        services.AddEngine(database, settings);
        services.AddSingleton(new HurryToStop(CancellationToken.None));
        ChaosKinds.Add(services, ChaosKinds.Lease);
        return new EngineParts(services.BuildServiceProvider(), database);
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await database.DisposeAsync();
    }
}
