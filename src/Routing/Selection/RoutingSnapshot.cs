using Routing.Budgets;
using Routing.Catalog;
using Routing.Learning;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>Everything that a decision depends on besides the request, at one moment. Never changed: a background refresh puts another in its place.</summary>
/// <param name="TakenAt">Decisions use this time where they need one.</param>
public sealed record RoutingSnapshot(DateTimeOffset TakenAt, PolicySet Policies, IReadOnlyList<CatalogModel> Models)
{
    static readonly ILookup<string, Rank> NoRanks = Enumerable.Empty<Rank>().ToLookup(r => r.Policy);

    /// <summary>Models and whole providers (with an empty slug) that stand still, with the reason.</summary>
    public IReadOnlyDictionary<(string Provider, string Slug), string> Standing { get; init; } = new Dictionary<(string, string), string>();

    /// <summary>What was seen of models lately.</summary>
    public IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord> Records { get; init; } = new Dictionary<(string, string, string), ModelRecord>();

    /// <summary>Learned and pinned orders, by policy.</summary>
    public ILookup<string, Rank> Ranks { get; init; } = NoRanks;

    /// <summary>Share of calls that try the most promising other model, from 0 to <see cref="ExploreModels.MostShare"/>.</summary>
    public double ExploredShare { get; init; }

    /// <summary>Of all budgets with a window, for decisions only.</summary>
    public IReadOnlyList<BudgetLeft> Budgets { get; init; } = [];
}

/// <summary>What is known of a model under a policy, from windows of <c>model_performance</c> with older ones weighing less.</summary>
/// <param name="Requests">Weighted number.</param>
/// <param name="SuccessLow">Lower end of the 95 % confidence interval of its rate of success (Wilson), 0 to 1.</param>
/// <param name="QualityLow">The same for verdicts on its answers; null: there are none.</param>
/// <param name="CostUsd">Mean of a call; null: nothing is known.</param>
public sealed record ModelRecord(double Requests, double SuccessLow, double? QualityLow, TimeSpan? LatencyP50, TimeSpan? LatencyP95, decimal? CostUsd)
{
    /// <summary>Weighted numbers of calls that succeeded, and that failed by no fault of the caller.</summary>
    public double Succeeded { get; init; }

    public double Failed { get; init; }

    /// <summary>Weight of the verdicts, as far as they are good and bad.</summary>
    public double Good { get; init; }

    public double Bad { get; init; }
}
