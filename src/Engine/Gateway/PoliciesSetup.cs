using Routing.Budgets;
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
        services.AddSingleton<SnapshotSources>();
        services.AddSingleton<KeepSnapshot>();
        services.AddHostedService(s => s.GetRequiredService<KeepSnapshot>());
    }

    public static void MapPolicies(this IEndpointRouteBuilder app)
    {
        var routing = app.MapGroup("/api/routing").WithTags("routing").RequireAuthorization(Access.Roles.Reader);
        routing.MapPolicyVersions();
        routing.MapTaskTypes();
        routing.MapSelect();
    }
}
