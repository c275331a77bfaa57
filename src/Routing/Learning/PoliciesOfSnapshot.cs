using Routing.Selection;

namespace Routing.Learning;

/// <summary>The policies in force as ranking wants them: each with the models that it comes to at present, in the order of its priorities, and of one model the cheapest provider first.</summary>
public static class PoliciesOfSnapshot
{
    /// <returns>Without policies that have no model at present: nothing is to be forgotten of them because a catalog is empty for a while.</returns>
    public static IReadOnlyList<PolicyToRank> Of(RoutingSnapshot snapshot)
    {
        var index = SnapshotIndex.Of(snapshot);
        return [.. snapshot.Policies.ByName.Keys.Order(StringComparer.Ordinal).Select(name => Of(index.Find(name)!)).Where(p => p.Models.Count > 0)];
    }

    static PolicyToRank Of(IndexedPolicy policy) => new(policy.Name, [.. policy.AsWritten.SelectMany(e => e.Options.OrderBy(o => o.Order).ThenBy(o => o.Model.Provider, StringComparer.Ordinal)).Select(Of)], RankWeights.Of(policy.Config));

    /// <summary>What stands still at present is among them: it keeps its place.</summary>
    static ModelToRank Of(IndexedOption option) =>
        new(option.Model.Provider, option.Model.Slug, option.Model.PriorQuality, option.UsualUsdPerToken is { } usd ? (double)(usd * 1_000_000) : null);
}
