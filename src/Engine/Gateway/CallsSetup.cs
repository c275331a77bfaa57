using Routing.Calls;
using Routing.Providers;
using Routing.Providers.Wire;

namespace Engine.Gateway;

/// <summary>Routed calls: for tasks, and for people who ask.</summary>
public static class CallsSetup
{
    public static void AddCalls(this IServiceCollection services)
    {
        services.AddSingleton(s => s.GetRequiredService<CallsSettings>().Limits);
        services.AddSingleton(s => new WireConnections(s.GetRequiredService<CallLimits>().Connect, ProviderHttp.ConnectAsync));
        services.AddSingleton<CallMetrics>();
        services.AddSingleton<SumTaskCost>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<CallTools>(s, ActivatorUtilities.CreateInstance<PresentParts>(s).Parts));
        services.AddSingleton<RoutedChatFactory>();
        services.AddSingleton<TaskChats>();
    }

    public static void MapCalls(this IEndpointRouteBuilder app) => app.MapAsk();
}
