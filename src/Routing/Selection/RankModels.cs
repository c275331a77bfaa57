using System.Globalization;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>
/// Orders the models of a policy that can be used. The policy's priorities, and over them what was learned or pinned, are the order. Where nothing was
/// learned yet, or a request weighs things in its own way, a model of which enough is known goes before another of which enough is known too when it scores
/// clearly higher. One that fails often goes behind those that do not. What is pinned stays.
/// </summary>
static class RankModels
{
    /// <summary>By so much a score must be higher to count: it keeps two models that are about as good from changing places all the time.</summary>
    const double Margin = 0.05;

    /// <summary>What is assumed of the share of successes, of quality and of latency where nothing is known.</summary>
    const double UsualSuccess = 0.9, Neutral = 0.5;

    /// <summary>How uncertain the score of a model is that little is known of.</summary>
    const double UnknownError = 0.25;

    /// <param name="fits">By priority; one model's providers stand together. Ordered in place.</param>
    /// <param name="isPreferred">The weights are the request's own. By the policy's, an order that was learned is the order already.</param>
    /// <param name="moves">Gets a sentence for each model that changed its place.</param>
    public static void Run(List<Fit> fits, PolicyWeights weights, bool isPreferred, List<string> moves)
    {
        Score(fits, weights);
        if (fits.Count < 2 || !fits[0].Policy.HasEvidence) return;

        var ranked = new List<Group>();
        var mayPromote = isPreferred || fits[0].Policy.Ranks.Length == 0;
        foreach (var group in Groups(fits))
        {
            var at = !mayPromote || group.Evidence is null ? -1 : ranked.FindIndex(other => other.Evidence is not null && !other.IsPinned && group.First.Score > other.First.Score + Margin);
            if (at < 0)
            {
                ranked.Add(group);
                continue;
            }
            moves.Add(Promotion(group, ranked[at]));
            ranked.Insert(at, group);
        }
        var failing = ranked.Where(g => g.IsFailing).ToArray();
        if (failing.Length > 0 && failing.Length < ranked.Count)
        {
            for (var i = 0; i < ranked.Count; i++)
                if (ranked[i].IsFailing && ranked.Skip(i + 1).Any(g => !g.IsFailing)) moves.Add(Demotion(ranked[i]));
            ranked = [.. ranked.Where(g => !g.IsFailing), .. failing];
        }
        fits.Clear();
        foreach (var group in ranked) fits.AddRange(group.Fits);
    }

    /// <returns>From 0 to 1: how sure it is that the first is better than the next model; 0.5 when the policy's order is all there is.</returns>
    public static double Confidence(List<Fit> fits)
    {
        var first = fits[0];
        if (fits.Find(f => f.Entry != first.Entry) is not { } second) return 1;
        if (first.Option.Evidence is null && second.Option.Evidence is null) return 0.5;
        var (a, b) = (Error(first), Error(second));
        // The logistic curve that is closest to the normal one.
        return Math.Round(1 / (1 + Math.Exp(-1.702 * (first.Score - second.Score) / Math.Max(1e-3, Math.Sqrt(a * a + b * b)))), 3);

        static double Error(Fit fit) => fit.Option.Evidence?.StandardError ?? UnknownError;
    }

    static void Score(List<Fit> fits, PolicyWeights weights)
    {
        var (dearestUsd, slowest) = (0m, 0.0);
        bool haveVerdicts = true, havePriors = true, haveLatency = true; // of all, or it cannot be compared
        foreach (var fit in fits)
        {
            var record = fit.Option.Record;
            if (fit.LikelyUsd > dearestUsd) dearestUsd = fit.LikelyUsd;
            if (record?.LatencyP50 is { } latency) slowest = Math.Max(slowest, latency.TotalSeconds);
            else haveLatency = false;
            haveVerdicts &= record?.QualityLow is not null;
            havePriors &= fit.Option.Model.PriorQuality is not null;
        }
        var (costWeight, qualityWeight, latencyWeight) = weights.Normalised();
        foreach (var fit in fits)
        {
            var quality = haveVerdicts ? fit.Option.Record!.QualityLow!.Value : havePriors ? fit.Option.Model.PriorQuality!.Value : Neutral;
            var cost = dearestUsd == 0 ? 1 : 1 - (double)(fit.LikelyUsd / dearestUsd);
            var speed = haveLatency && slowest > 0 ? 1 - fit.Option.Record!.LatencyP50!.Value.TotalSeconds / slowest : Neutral;
            fit.Score = costWeight * cost + qualityWeight * quality * (fit.Option.Evidence?.Low ?? UsualSuccess) + latencyWeight * speed;
        }
    }

    static IEnumerable<Group> Groups(List<Fit> fits)
    {
        for (var i = 0; i < fits.Count;)
        {
            var end = i + 1;
            while (end < fits.Count && fits[end].Entry == fits[i].Entry) end++;
            yield return new Group([.. fits[i..end]]);
            i = end;
        }
    }

    static string Promotion(Group better, Group worse) => string.Create(CultureInfo.InvariantCulture,
        $"{better.Slug} goes before {worse.Slug}: it scores {better.First.Score:0.00} against {worse.First.Score:0.00} by the weights; {Proof(better)}, {Proof(worse)}.");

    static string Demotion(Group group) => string.Create(CultureInfo.InvariantCulture,
        $"{group.Slug} goes behind the others: of its last {group.Evidence!.Value.Requests:0} calls at most {group.Evidence!.Value.High:P0} succeed.");

    static string Proof(Group group) => string.Create(CultureInfo.InvariantCulture,
        $"of {group.Evidence!.Value.Requests:0} calls of {group.Slug} at least {group.Evidence!.Value.Low:P0} succeed");

    /// <summary>One model with the providers that it can be had from.</summary>
    sealed record Group(IReadOnlyList<Fit> Fits)
    {
        public Fit First => Fits[0];

        public Evidence? Evidence => First.Option.Evidence;

        public bool IsPinned => First.Entry.IsPinned;

        public bool IsFailing => !IsPinned && Evidence is { IsFailing: true };

        public string Slug => First.Option.Model.Slug;
    }
}
