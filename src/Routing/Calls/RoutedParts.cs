using Routing.Catalog;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>What routed calls ask of the rest of routing.</summary>
/// <param name="Decide">From the present snapshot.</param>
/// <param name="EndpointOf">By the provider's name; null: it is gone, out of use or has no key that can be read.</param>
/// <param name="CostOf">What a usage costs at a price at a time.</param>
public sealed record RoutedParts(Func<RoutingRequest, RoutingDecision> Decide, Func<string, ProviderEndpoint?> EndpointOf, ICallLedger Ledger, IRouteHealth Health,
    Func<ModelPrice, TokenUsage, DateTimeOffset, decimal> CostOf)
{
    /// <summary>How hard a request looks, 0 to 1.</summary>
    public Func<ChatRequest, double> Complexity { get; init; } = _ => 0.5;

    /// <summary>What a task has spent already.</summary>
    public Func<Guid, CancellationToken, Task<NanoUsd>> SpentByTask { get; init; } = (_, _) => Task.FromResult(NanoUsd.Zero);

    /// <summary>Gets how each call went: provider, model, policy, when it was asked for, its end.</summary>
    public Action<string, string, string, DateTimeOffset, CallEnd> Count { get; init; } = (_, _, _, _, _) => { };

    /// <summary>Which providers behind a provider may see what a policy's calls send: of the policy that was asked for, and of the one whose model is used.</summary>
    public Func<string, string, UpstreamRules> RulesOf { get; init; } = (_, _) => UpstreamRules.None;
}
