using System.Globalization;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>
/// Chooses a model for a request, and those to fall back on. Pure: the same snapshot and the same request give the same decision.
/// A policy's own models come first; when none of them can take so long an input, the policies that it upgrades to; when none fits the money
/// or can be used, those that it may be downgraded to.
/// </summary>
public static class SelectModel
{
    public static RoutingDecision Decide(RoutingSnapshot snapshot, RoutingRequest request)
    {
        var index = SnapshotIndex.Of(snapshot);
        if (index.Find(request, out var why) is not { } policy) return new RoutingDecision.Nobody("unknown_policy", why);

        var reasons = new List<string>(4) { why };
        var search = new CandidateSearch(index, request, policy);
        var fits = search.In(policy);
        if (fits.Count == 0) fits = StandIns(index, search, policy, reasons);
        if (fits.Count == 0) return Nobody(policy, search);

        var weights = Weights(index, request, fits[0].Policy, reasons, out var isPreferred);
        RankModels.Run(fits, weights, isPreferred, reasons);
        if (!isPreferred) TryOthers.Run(fits, index, request, reasons);
        var candidates = new Candidate[fits.Count];
        for (var i = 0; i < candidates.Length; i++) candidates[i] = Candidate(fits[i], policy.Name);
        Explain(index, request, fits[0], reasons);
        return new RoutingDecision.Chosen(policy.Name, policy.Policy.Version, candidates, reasons, RankModels.Confidence(fits)) { Excluded = search.Excluded };
    }

    /// <summary>The policies that stand in, breadth by breadth, each once.</summary>
    static List<Fit> StandIns(SnapshotIndex index, CandidateSearch search, IndexedPolicy policy, List<string> reasons)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { policy.Name };
        var next = new Queue<IndexedPolicy>([policy]);
        while (next.TryDequeue(out var from))
        {
            var names = search.WasTooLong ? from.Config.UpgradeOnContext.Concat(from.Config.DowngradeTo) : from.Config.DowngradeTo;
            foreach (var name in names)
            {
                if (index.Find(name) is not { } other || !seen.Add(other.Name)) continue;
                var fits = search.In(other);
                if (fits.Count > 0)
                {
                    reasons.Add($"No model of the policy {policy.Name} can be used for this; {other.Name} stands in.");
                    return fits;
                }
                next.Enqueue(other);
            }
        }
        return [];
    }

    static RoutingDecision.Nobody Nobody(IndexedPolicy policy, CandidateSearch search) => search switch
    {
        { Refusal: { } refusal } => new("over_budget", refusal.ToString(), refusal) { Excluded = search.Excluded },
        { WasTooLong: true } => new("too_long", $"The input is longer than any model takes that the policy {policy.Name} allows.") { Excluded = search.Excluded },
        _ => new("no_usable_model", $"No model of the policy {policy.Name} can be used for this: {string.Join(" ", search.Excluded.Select(e => $"{e.Slug}: {e.Reason}"))}") { Excluded = search.Excluded },
    };

    /// <param name="isPreferred">They are the request's and not the policy's, by which an order is learned.</param>
    static PolicyWeights Weights(SnapshotIndex index, RoutingRequest request, IndexedPolicy policy, List<string> reasons, out bool isPreferred)
    {
        isPreferred = false;
        var preference = request.Preference;
        if (preference is null && request.Policy is null && request.TaskType is { } type) preference = index.Snapshot.Policies.Preferences.GetValueOrDefault(type);
        if (preference is null) return policy.Config.Weights;
        if (Preferences.Weights(preference) is { } weights)
        {
            isPreferred = true;
            reasons.Add($"The preference {preference} sets the weights.");
            return weights;
        }
        reasons.Add($"There is no preference \"{PolicyNames.Cut(preference)}\": the policy's weights count.");
        return policy.Config.Weights;
    }

    static Candidate Candidate(Fit fit, string asked)
    {
        var reasons = new List<string>(3) { fit.Entry.Position };
        if (fit.Entry.Place is { } place) reasons.Add(place);
        if (fit.Entry.Warning is { } warning) reasons.Add(warning);
        if (fit.Possible < fit.Wanted) reasons.Add($"Its answer may have {fit.Possible} tokens instead of {fit.Wanted}: the model or its context allows no more.");
        if (fit.MaxTokens < fit.Possible) reasons.Add($"Its answer may have {fit.MaxTokens} tokens instead of {fit.Possible}: {fit.Money.Left} is left of {MoneyWords.Name(fit.Money.Budget, asked)}.");
        return new Candidate(fit.Option.Model, fit.Policy.Name, fit.MaxTokens, fit.Policy.Config.Temperature, fit.Hold, fit.LikelyUsd, fit.Option.Record?.LatencyP50, fit.Score, reasons)
        {
            PolicyVersion = fit.Policy.Policy.Version,
        };
    }

    static void Explain(SnapshotIndex index, RoutingRequest request, Fit chosen, List<string> reasons)
    {
        var model = chosen.Option.Model;
        reasons.Add(string.Create(CultureInfo.InvariantCulture, $"{model.Slug} at {model.Provider} is chosen; the call may cost {chosen.Hold} at most, and likely costs ${chosen.LikelyUsd:0.00#######}."));
        if (model.IsCeiling) reasons.Add("Its price is not known; it is reckoned with the ceiling that was set for it.");
        foreach (var budget in index.Budgets.UsedUp)
            if (Concerns(budget.Scope, budget.Key)) reasons.Add($"Nothing is left of {MoneyWords.Name(budget, "")}, which only warns.");

        bool Concerns(string scope, string key) => scope switch
        {
            "total" => true,
            "tenant" => key == request.Tenant,
            "policy" => key == chosen.Policy.Name,
            "task_kind" => key == (request.TaskKind ?? request.TaskType),
            "model" => key == model.Slug,
            "provider" => key == model.Provider,
            "worker" => key == request.Worker,
            _ => false,
        };
    }
}
