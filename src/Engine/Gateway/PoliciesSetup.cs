using Routing.Budgets;
using Routing.Catalog;
using Routing.Learning;
using Routing.Performance;
using Routing.Policies;
using Routing.Selection;

namespace Engine.Gateway;

/// <summary>Policies, the choice of models by them, and what decisions are made from.</summary>
public static class PoliciesSetup
{
    public static void AddPolicies(this IServiceCollection services)
    {
        services.AddSingleton<ReadPolicies>();
        services.AddSingleton<ListPolicies>();
        services.AddSingleton<SavePolicy>();
        services.AddSingleton<StorePolicy>();
        services.AddSingleton<FollowPolicyLimit>();
        services.AddSingleton<SwitchPolicy>();
        services.AddSingleton<ReplaceTaskTypes>();
        services.AddSingleton(Sources);
        services.AddSingleton(s =>
        {
            var keep = ActivatorUtilities.CreateInstance<KeepSnapshot>(s);
            s.GetRequiredService<CurrentCatalog>().Changed += keep.Wake;
            return keep;
        });
        services.AddHostedService(s => s.GetRequiredService<KeepSnapshot>());
    }

    static SnapshotSources Sources(IServiceProvider services)
    {
        var (catalog, health) = (services.GetRequiredService<CurrentCatalog>(), services.GetRequiredService<RouteHealth>());
        return new SnapshotSources
        {
            Models = _ => Task.FromResult(catalog.Models),
            Standing = _ => Task.FromResult(health.Standing()),
            Records = services.GetRequiredService<ReadRecords>().RunAsync,
            Ranks = services.GetRequiredService<ReadRanks>().RunAsync,
            ExploredShare = services.GetRequiredService<RankSettings>().ExploredShare,
            Budgets = services.GetRequiredService<ListBudgets>().LeftAsync,
        };
    }

    public static void MapPolicies(this IEndpointRouteBuilder app)
    {
        var routing = app.MapGroup("/api/routing").WithTags("routing").RequireAuthorization(Access.Roles.Reader);
        routing.MapPolicyVersions();
        routing.MapTaskTypes();
        routing.MapSelect();
    }
}
