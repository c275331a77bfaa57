using Routing.Catalog;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>What an engine does about routing by itself when it starts.</summary>
static class FirstStartSetup
{
    /// <summary>Before what makes calls: hosted parts stop in the other order, and what still runs may still ask the emulator.</summary>
    public static void AddFirstStart(this IServiceCollection services)
    {
        services.AddSingleton<OwnEmulator>();
        services.AddSingleton<EnsureDefaultProvider>();
        services.AddSingleton<SyncFirst>();
        services.AddSingleton<FirstProvider>();
        services.AddHostedService(s => s.GetRequiredService<FirstProvider>());
    }
}
