using System.Globalization;
using Routing.Selection;

namespace Routing.Learning;

/// <summary>
/// The order of a policy's models after what was seen of them. A model moves above another only when both were called often enough and, with
/// 95 % confidence, is better by more than a margin; to move back, the other must be better by as much: so an order does not flap.
/// Quality is compared where both have verdicts, else answers count as equally good. Pure: no clock, no chance.
/// </summary>
public static class RankModels
{
    /// <param name="current">In their present order.</param>
    /// <returns>The new order; those that moved have a reason.</returns>
    public static IReadOnlyList<Ranked> Decide(IReadOnlyList<RankCandidate> current, RankWeights weights, RankSettings settings)
    {
        var qualities = EstimateQuality.Of([.. current.Select(c => c.Evidence)]);
        var free = new List<Ranked>();
        foreach (var (candidate, quality) in current.Zip(qualities))
        {
            if (candidate.IsPinned) continue;
            var model = new Ranked(candidate, quality, null);
            var at = free.FindIndex(above => Beats(model, above, weights, settings));
            if (at < 0)
            {
                free.Add(model);
                continue;
            }
            var passed = free[at];
            free[at] = passed with { Reason = $"demoted below {candidate.Slug}: {Facts(passed, false)}, against {Facts(model, false)}" };
            free.Insert(at, model with { Reason = $"promoted above {passed.Candidate.Slug}: {Facts(model, true)}, against {Facts(passed, false)}" });
        }
        for (var position = 0; position < current.Count; position++) // pinned ones stay where they are
            if (current[position].IsPinned) free.Insert(Math.Min(position, free.Count), new Ranked(current[position], qualities[position], null));
        return free;
    }

    static bool Beats(Ranked model, Ranked other, RankWeights weights, RankSettings settings)
    {
        if (Calls(model) < settings.MinimumCalls || Calls(other) < settings.MinimumCalls) return false;
        var hasVerdicts = Verdicts(model) >= settings.MinimumVerdicts && Verdicts(other) >= settings.MinimumVerdicts;
        var (a, b) = (Score(model, hasVerdicts, weights), Score(other, hasVerdicts, weights));
        return a.Mean - b.Mean - ModelScore.Z * Math.Sqrt(a.Variance + b.Variance) > settings.Margin;
    }

    static ModelScore Score(Ranked model, bool hasVerdicts, RankWeights weights)
    {
        var record = model.Candidate.Record!;
        return ModelScore.Of(record.Succeeded, record.Failed, hasVerdicts ? model.Quality : null, record.CostUsd ?? 0, record.LatencyP50, weights);
    }

    static double Calls(Ranked model) => model.Candidate.Record is { CostUsd: not null } record ? record.Succeeded + record.Failed : 0;

    static double Verdicts(Ranked model) => model.Candidate.Record is { } record ? record.Good + record.Bad : 0;

    static string Facts(Ranked model, bool withLow)
    {
        var record = model.Candidate.Record!;
        var calls = record.Succeeded + record.Failed;
        var text = string.Create(CultureInfo.InvariantCulture, $"succeeded {100 * record.Succeeded / calls:0.#} %");
        if (withLow) text += string.Create(CultureInfo.InvariantCulture, $" (at least {100 * record.SuccessLow:0} %)");
        text += string.Create(CultureInfo.InvariantCulture, $" of {calls:0} calls at ${record.CostUsd:0.0000##}");
        if (record.LatencyP50 is { } latency) text += string.Create(CultureInfo.InvariantCulture, $" in {latency.TotalSeconds:0.0##} s");
        return Verdicts(model) > 0 ? text + string.Create(CultureInfo.InvariantCulture, $", {100 * record.Good / Verdicts(model):0} % good of {Verdicts(model):0} verdicts") : text;
    }
}

/// <param name="Record">Under the policy; null: nothing was seen.</param>
/// <param name="Evidence">On the quality of its answers, here and under other policies.</param>
/// <param name="IsPinned">A person has fixed its position.</param>
public sealed record RankCandidate(string Provider, string Slug, ModelRecord? Record, QualityEvidence Evidence, bool IsPinned = false);

/// <param name="Reason">Why it moved, in words; null when it did not.</param>
public sealed record Ranked(RankCandidate Candidate, Quality Quality, string? Reason);

/// <param name="MinimumCalls">Weighted calls that both of two models must have before one moves above the other.</param>
/// <param name="MinimumVerdicts">Weight of verdicts that both must have for their quality to be compared.</param>
/// <param name="Margin">By how much of a good answer's worth the better must be better, for sure.</param>
/// <param name="Dwell">After a move nothing of the policy moves for so long.</param>
/// <param name="ExploredShare">Of the calls that go to the most promising other model, so that it can be learned of; 0: none.</param>
public sealed record RankSettings(double MinimumCalls, double MinimumVerdicts, double Margin, TimeSpan Dwell, double ExploredShare)
{
    public static readonly RankSettings Default = new(20, 5, 0.01, TimeSpan.FromMinutes(30), 0);
}
