using System.Globalization;
using Routing.Selection;

namespace Routing.Learning;

/// <summary>
/// The order of a policy's models after what was seen of them. A model moves above another that was called often enough when it is better by
/// more than a margin at the lower end of what is known of the difference; to move back, the other must be better by as much: so an
/// order does not flap. Without verdicts all answers count as equally good, and nothing passes another by quality that was not judged itself.
/// Pure: no clock, no chance.
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

    static bool Beats(Ranked model, Ranked above, RankWeights weights, RankSettings settings)
    {
        if (Calls(above) < settings.MinimumCalls || Cost(model) is null || Cost(above) is null) return false;
        var isAboveJudged = Verdicts(above) >= settings.MinimumVerdicts;
        var hasVerdicts = isAboveJudged || Verdicts(model) >= settings.MinimumVerdicts; // the same whichever is asked about: two cannot beat each other
        return IsBetter(hasVerdicts) && (isAboveJudged || !hasVerdicts || IsBetter(false));

        bool IsBetter(bool withQuality)
        {
            var (a, b) = (Score(model, withQuality, weights), Score(above, withQuality, weights));
            return a.Mean - b.Mean - settings.Confidence * Math.Sqrt(a.Variance + b.Variance) > settings.Margin;
        }
    }

    static ModelScore Score(Ranked model, bool withQuality, RankWeights weights)
    {
        var record = model.Candidate.Record;
        return ModelScore.Of(record?.Succeeded ?? 0, record?.Failed ?? 0, withQuality ? model.Quality : null, Cost(model)!.Value, record?.LatencyP50, weights);
    }

    static decimal? Cost(Ranked model) => model.Candidate.Record?.CostUsd ?? model.Candidate.ExpectedUsd;

    static double Calls(Ranked model) => model.Candidate.Record is { } record ? record.Succeeded + record.Failed : 0;

    static double Verdicts(Ranked model) => model.Candidate.Record is { } record ? record.Good + record.Bad : 0;

    static string Facts(Ranked model, bool withLow)
    {
        if (Calls(model) < 1) return string.Create(CultureInfo.InvariantCulture, $"what is expected of it, {100 * model.Quality.Mean:0} % good answers at ${Cost(model):0.0000##}");
        var record = model.Candidate.Record!;
        var text = string.Create(CultureInfo.InvariantCulture, $"succeeded {100 * record.Succeeded / Calls(model):0.#} %");
        if (withLow) text += string.Create(CultureInfo.InvariantCulture, $" (at least {100 * record.SuccessLow:0} %)");
        text += string.Create(CultureInfo.InvariantCulture, $" of {Calls(model):0} calls at ${Cost(model):0.0000##}");
        if (record.LatencyP50 is { } latency) text += string.Create(CultureInfo.InvariantCulture, $" in {latency.TotalSeconds:0.0##} s");
        return Verdicts(model) > 0 ? text + string.Create(CultureInfo.InvariantCulture, $", {100 * record.Good / Verdicts(model):0} % good of {Verdicts(model):0} verdicts") : text;
    }
}

/// <param name="Record">Under the policy; null: nothing was seen.</param>
/// <param name="Evidence">On the quality of its answers, here and under other policies.</param>
/// <param name="ExpectedUsd">What a call should cost where none was made; null: not known, and nothing is said of the model.</param>
/// <param name="IsPinned">A person has fixed its position.</param>
public sealed record RankCandidate(string Provider, string Slug, ModelRecord? Record, QualityEvidence Evidence, decimal? ExpectedUsd = null, bool IsPinned = false);

/// <param name="Reason">Why it moved, in words; null when it did not.</param>
public sealed record Ranked(RankCandidate Candidate, Quality Quality, string? Reason);

/// <param name="MinimumCalls">Weighted calls of a model before another may pass it.</param>
/// <param name="MinimumVerdicts">Weight of verdicts from which on quality is compared.</param>
/// <param name="Confidence">Standard deviations of the difference that are taken off it: 0.67 is three in four, 1.64 nineteen in twenty. Surer is slower: on the
/// public tables of <c>ops/bench routing-learning</c> nineteen in twenty cost more than moves that turned out wrong.</param>
/// <param name="Margin">By how much of a good answer's worth the better must be better then.</param>
/// <param name="Dwell">After a move nothing of the policy moves for so long.</param>
/// <param name="ExploredShare">Of the calls that go to the most promising other model, so that it can be learned of; 0: none.</param>
public sealed record RankSettings(double MinimumCalls, double MinimumVerdicts, double Confidence, double Margin, TimeSpan Dwell, double ExploredShare)
{
    public static readonly RankSettings Default = new(20, 5, 0.67, 0.01, TimeSpan.FromMinutes(30), 0);
}
