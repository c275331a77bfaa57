using System.Globalization;
using Routing.Learning;

namespace Routing.Selection;

/// <summary>
/// Gives a small share of calls to the model that may turn out to be better than the first: of one that is never called nothing is ever learned. A request keeps
/// its draw, so that deciding on it again comes to the same.
/// </summary>
static class TryOthers
{
    /// <param name="fits">In their order; the one that is tried comes first.</param>
    public static void Run(List<Fit> fits, SnapshotIndex index, RoutingRequest request, List<string> reasons)
    {
        var share = index.Snapshot.ExploredShare;
        if (share <= 0 || request.RequestId is not { } id || request.Tried.Count > 0 || ExploreModels.Draw(id) is var draw && draw >= share) return;
        var policy = fits[0].Policy;
        var firsts = fits.DistinctBy(f => f.Entry).ToArray(); // of each model the provider that would be called
        if (firsts.Length < 2 || Array.Exists(firsts, f => f.Entry.IsPinned)) return;
        if (ExploreModels.Choose(Scores(firsts, index, RankWeights.Of(policy.Config)), share, draw) is not { } at) return;

        var tried = firsts[at].Entry;
        Fit[] ordered = [.. fits.Where(f => f.Entry == tried), .. fits.Where(f => f.Entry != tried)];
        fits.Clear();
        fits.AddRange(ordered);
        reasons.Add(string.Create(CultureInfo.InvariantCulture, $"This call tries {firsts[at].Option.Model.Slug}, as {share:P0} of calls do: it may be better than {firsts[0].Option.Model.Slug}, and too little is known of it."));
    }

    static IReadOnlyList<ModelScore> Scores(Fit[] fits, SnapshotIndex index, RankWeights weights)
    {
        var qualities = EstimateQuality.Of([.. fits.Select(f => Evidence(f, index))]);
        var isJudged = Array.Exists(fits, f => f.Option.Record is { } record && record.Good + record.Bad > 0);
        return [.. fits.Zip(qualities, (fit, quality) =>
        {
            var record = fit.Option.Record;
            return ModelScore.Of(record?.Succeeded ?? 0, record?.Failed ?? 0, isJudged ? quality : null, record?.CostUsd ?? fit.LikelyUsd, record?.LatencyP50, weights);
        })];
    }

    static QualityEvidence Evidence(Fit fit, SnapshotIndex index)
    {
        var (model, record) = (fit.Option.Model, fit.Option.Record);
        var (good, all) = index.JudgedEverywhere(model.Provider, model.Slug);
        return new QualityEvidence(model.PriorQuality, (double?)(fit.Option.UsualUsdPerToken * 1_000_000), record?.Good ?? 0, record is null ? 0 : record.Good + record.Bad, good, all);
    }
}
