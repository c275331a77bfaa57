using Routing.Catalog;
using Routing.Performance;
using Routing.Policies;
using Routing.Providers;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>What routed calls of this process ask: its present snapshot, keys, ledger and breakers.</summary>
public sealed class PresentParts(KeepSnapshot snapshot, ProviderKeys providers, CallLedger ledger, RouteHealth health, SumTaskCost spent, RecordPerformance performance)
{
    public RoutedParts Parts { get; } = new(request => SelectModel.Decide(snapshot.Current, request), providers.EndpointOf, ledger, health, PriceFormula.CostUsd)
    {
        Complexity = ComplexityOf,
        SpentByTask = spent.RunAsync,
        RulesOf = (asked, used) => RulesOf(snapshot.Current.Policies, asked, used),
        Count = performance.Add,
    };

    static double ComplexityOf(ChatRequest request)
    {
        var texts = request.Messages.Select(m => m.Text).Prepend(request.Options?.Instructions ?? "").Where(t => t.Length > 0);
        return Selection.Complexity.Of(string.Join('\n', texts)).Value;
    }

    /// <summary>A policy that stands in is bound by the rules of the one that was asked for, too.</summary>
    static UpstreamRules RulesOf(PolicySet policies, string asked, string used)
    {
        var keepsNothing = new[] { asked, used }.Any(name => policies.ByName.GetValueOrDefault(name) is { Config.Data.ZeroRetention: true });
        return keepsNothing ? new UpstreamRules(ZeroRetention: true, DenyDataCollection: true, [], []) : UpstreamRules.None;
    }
}
