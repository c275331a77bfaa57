using Engine.Hosting;
using Engine.Hosting.Configuration;
using Engine.Schedules;
using Npgsql;
using Routing.Catalog;
using Routing.Providers;

namespace Engine.Gateway;

public static class GatewaySetup
{
    public static void AddGateway(this IServiceCollection services)
    {
        services.AddProviders();
        services.AddCatalog();
        services.AddSingleton<FollowChanges>();
        services.AddHostedService(s => s.GetRequiredService<FollowChanges>());
    }

    public static void MapGateway(this IEndpointRouteBuilder app)
    {
        app.MapModels();
        app.MapProviders();
    }

    static void AddProviders(this IServiceCollection services)
    {
        services.AddSingleton(s => Ring(s.GetRequiredService<RoutingSettings>(), s.GetRequiredService<EngineSettings>().DataFolder));
        services.AddSingleton<ProviderHttp>();
        services.AddSingleton<AskProvider>();
        services.AddSingleton<ReadProviders>();
        services.AddSingleton<ListProviders>();
        services.AddSingleton<TestProvider>();
        services.AddSingleton<PutProvider>();
        services.AddSingleton<ConfigureProvider>();
        services.AddSingleton<StageCredential>();
        services.AddSingleton<JudgeCredential>();
        services.AddSingleton<PromoteCredential>();
        services.AddSingleton<RotateKey>();
        services.AddSingleton<ProviderKeys>();
        services.AddSingleton<IFollowsChanges>(s => s.GetRequiredService<ProviderKeys>());
        services.AddSingleton(s => new KeepCredentials(s.GetRequiredService<NpgsqlDataSource>(), s.GetRequiredService<KeyRing>(),
            s.GetRequiredService<RoutingSettings>().KeepReplacedKey, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<KeepCredentials>>()));
        services.AddHostedService(s => s.GetRequiredService<KeepCredentials>());
    }

    static void AddCatalog(this IServiceCollection services)
    {
        services.AddSingleton<SyncModels>();
        services.AddSingleton<SyncByHand>();
        services.AddSingleton<ReadCatalog>();
        services.AddSingleton<CurrentCatalog>();
        services.AddSingleton<IFollowsChanges>(s => s.GetRequiredService<CurrentCatalog>());
        services.AddSingleton<ListModels>();
        services.AddSingleton<ListModelChanges>();
        services.AddSingleton<CorrectModel>();
        services.AddSingleton<CorrectCatalog>();
        services.AddSingleton<ForgetModelChanges>();
        services.AddSingleton<IScheduledDuty, SyncModelsDuty>();
    }

    static KeyRing Ring(RoutingSettings settings, string dataFolder)
    {
        if (settings.KeyRing is { } given) return KeyRing.Parse(given);
        var path = KeyRingFile.PathIn(dataFolder);
        try
        {
            return KeyRingFile.ReadOrMake(dataFolder);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path}, which seals the keys of providers, cannot be used: {e.Message}.",
                "restore it from your backup; without it the keys of providers must be given again, and then a new one is made once it is moved away.", e);
        }
    }
}
