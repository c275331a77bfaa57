using Routing.Budgets;
using Routing.Calls;
using Routing.Performance;
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
        services.AddSingleton<FindUnsettled>();
        services.AddSingleton<AskGeneration>();
        services.AddHostedService(s =>
        {
            var performance = s.GetRequiredService<RecordPerformance>();
            return ActivatorUtilities.CreateInstance<SettleLater>(s, (Func<string, ProviderEndpoint?>)s.GetRequiredService<ProviderKeys>().EndpointOf,
                (Action<CorrectedCost>)(c => performance.AddCost(c.Provider, c.Model, c.Policy, c.RequestedAt, c.DeltaUsd)));
        });
    }

    public static void MapCalls(this IEndpointRouteBuilder app) => app.MapAsk();
}
