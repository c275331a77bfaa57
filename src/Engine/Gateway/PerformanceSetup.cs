using Engine.Schedules;
using Routing.Learning;
using Routing.Performance;
using Routing.Providers;
using Routing.Selection;

namespace Engine.Gateway;

/// <summary>What is seen of models: counted, judged, ranked, and compared with what providers bill.</summary>
public static class PerformanceSetup
{
    /// <summary>Before what makes calls: hosted parts stop in the other order, and what calls count last must still be flushed.</summary>
    public static void AddPerformance(this IServiceCollection services)
    {
        services.AddSingleton(s => s.GetRequiredService<PerformanceSettings>().Records);
        services.AddSingleton(s => s.GetRequiredService<PerformanceSettings>().Ranks);
        services.AddSingleton(s => s.GetRequiredService<PerformanceSettings>().Reconciling);
        services.AddSingleton<PerformanceMetrics>();
        services.AddSingleton<RecordPerformance>();
        services.AddHostedService<KeepPerformance>();
        services.AddSingleton<ReadRecords>();
        services.AddSingleton<ListPerformance>();
        services.AddSingleton<PrunePerformance>();
        services.AddSingleton<RebuildPerformance>();
        services.AddSingleton<IScheduledDuty, PrunePerformanceDuty>();
        services.AddSingleton<GiveFeedback>();
        services.AddBreakers();
        services.AddRanks();
        services.AddReconciliation();
    }

    static void AddBreakers(this IServiceCollection services)
    {
        services.AddSingleton(new BreakerSettings());
        services.AddSingleton<Breakers>();
        services.AddSingleton<RouteHealth>();
        services.AddHostedService<KeepRouteHealth>();
        services.AddHostedService<ListenForRouteHealth>();
        services.AddSingleton<ListBreakers>();
        services.AddSingleton<ResetBreakers>();
        services.AddSingleton<ResetProvider>();
        services.AddHealthChecks().AddCheck<RoutingHealth>("routing");
    }

    static void AddRanks(this IServiceCollection services)
    {
        services.AddSingleton(s => DutySources.Policies(s.GetRequiredService<KeepSnapshot>()));
        services.AddSingleton<RankPolicies>();
        services.AddSingleton<ReadRanks>();
        services.AddSingleton<PinRanks>();
        services.AddSingleton<SetRanks>();
        services.AddSingleton<IScheduledDuty, RankModelsDuty>();
    }

    static void AddReconciliation(this IServiceCollection services)
    {
        services.AddSingleton(s => DutySources.Providers(s.GetRequiredService<ReadProviders>()));
        services.AddSingleton<ReadProviderUsage>();
        services.AddSingleton<LedgerSums>();
        services.AddSingleton<ReconcileCosts>();
        services.AddSingleton<IScheduledDuty, ReconcileCostsDuty>();
    }

    public static void MapPerformance(this IEndpointRouteBuilder app)
    {
        app.MapPerformanceApi();
        app.MapFeedbackApi();
        app.MapRanksApi();
    }
}
