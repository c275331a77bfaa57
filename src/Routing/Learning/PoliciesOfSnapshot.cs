using Routing.Policies;
using Routing.Selection;

namespace Routing.Learning;

/// <summary>The policies in force as ranking wants them: each with the models that it comes to at present, in the order of its priorities, and of one model the cheapest provider first.</summary>
public static class PoliciesOfSnapshot
{
    static readonly TimeSpan Patience = RankWeights.Balanced.Patience;

    /// <returns>Without policies that have no model at present: nothing is to be forgotten of them because a catalog is empty for a while.</returns>
    public static IReadOnlyList<PolicyToRank> Of(RoutingSnapshot snapshot)
    {
        var index = SnapshotIndex.Of(snapshot);
        return [.. snapshot.Policies.ByName.Keys.Order(StringComparer.Ordinal).Select(name => Of(index.Find(name)!)).Where(p => p.Models.Count > 0)];
    }

    static PolicyToRank Of(IndexedPolicy policy) => new(policy.Name, [.. policy.Entries.SelectMany(e => e.Options).Select(Of)], Weights(policy.Config));

    /// <summary>What stands still at present is among them: it keeps its place.</summary>
    static ModelToRank Of(IndexedOption option) =>
        new(option.Model.Provider, option.Model.Slug, option.Model.PriorQuality, option.UsualUsdPerToken is { } usd ? (double)(usd * 1_000_000) : null);

    /// <summary>The heaviest of the three counts whole, so that a margin means the same under all policies.</summary>
    static RankWeights Weights(PolicyConfig config)
    {
        var weights = config.Weights.Normalised();
        var most = Math.Max(weights.Quality, Math.Max(weights.Cost, weights.Latency));
        return new RankWeights(weights.Quality / most, weights.Cost / most, weights.Latency / most,
            config.MaxCostPerTaskUsd > 0 ? config.MaxCostPerTaskUsd : RankWeights.Balanced.WorthUsd, Patience);
    }
}
