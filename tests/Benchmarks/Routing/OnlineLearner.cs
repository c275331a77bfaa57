using Routing.Learning;

namespace Benchmarks.Routing;

/// <summary>How the next model is chosen: by what is estimated now, or by an order that changes only as <see cref="RankModels"/> lets it.</summary>
enum Choice { Estimates, Ranks, Thompson }

/// <summary>
/// The engine's own rules over a table, one task at a time: only the chosen model's outcome is seen. A kind of task is what a policy is to the
/// engine, and what was seen is kept as sums, as its windows keep them.
/// </summary>
sealed class OnlineLearner(IReadOnlyList<TableModel> models, decimal worthUsd, Choice choice, double exploredShare, int seed)
{
    const int RankEvery = 5;
    const int UsualChars = 600;
    const double PricedCalls = 3; // what the list price is worth, in calls, against what was billed

    static readonly RankSettings Settings = RankSettings.Default with { MinimumCalls = 10 };

    readonly Random random = new(seed);
    readonly RankWeights weights = RankWeights.Balanced with { Latency = 0, WorthUsd = worthUsd };
    readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);
    readonly double[] good = new double[models.Count], all = new double[models.Count];

    public int Choose(TableTask task)
    {
        if (!places.TryGetValue(task.Domain, out var place)) places[task.Domain] = place = new Place(models.Count);
        var qualities = EstimateQuality.Of([.. models.Select((_, i) => Evidence(place, i))]);
        var scores = qualities.Select((q, i) => ModelScore.Of(1e6, 0, q, Expected(place, i, task.Chars), null, weights)).ToArray();
        if (choice == Choice.Thompson) return Best(qualities.Select((q, i) => scores[i].Mean + Sample(q) - q.Mean));
        var order = choice == Choice.Ranks ? Ranked(place, scores) : [.. Enumerable.Range(0, models.Count).OrderByDescending(i => scores[i].Mean)];
        return ExploreModels.Choose([.. order.Select(i => scores[i])], exploredShare, random.NextDouble()) is { } other ? order[other] : order[0];
    }

    public void See(TableTask task, int model)
    {
        var place = places[task.Domain];
        var (quality, costUsd) = task.Outcomes[model];
        place.Calls++;
        place.Good[model] += quality;
        place.All[model]++;
        place.Spent[model] += costUsd;
        place.Ratio[model] += (double)(costUsd / models[model].ExpectedUsd(task.Chars));
        good[model] += quality;
        all[model]++;
    }

    /// <summary>Begins with the order of expected worth, as an operator would write it who knows prices and public cards.</summary>
    int[] Ranked(Place place, ModelScore[] scores)
    {
        place.Order ??= [.. Enumerable.Range(0, models.Count).OrderByDescending(i => scores[i].Mean)];
        if (place.Calls == 0 || place.Calls % RankEvery != 0 || place.RankedAt == place.Calls) return place.Order;
        place.RankedAt = place.Calls;
        var candidates = place.Order.Select(i => new RankCandidate("", $"{i}", Record(place, i), Evidence(place, i), Expected(place, i, UsualChars))).ToList();
        return place.Order = [.. RankModels.Decide(candidates, weights, Settings).Select(r => int.Parse(r.Candidate.Slug, System.Globalization.CultureInfo.InvariantCulture))];
    }

    static global::Routing.Selection.ModelRecord? Record(Place place, int i) => place.All[i] == 0 ? null
        : new(place.All[i], 0, null, null, null, place.Spent[i] / (decimal)place.All[i]) { Succeeded = place.All[i], Good = place.Good[i], Bad = place.All[i] - place.Good[i] };

    QualityEvidence Evidence(Place place, int i) => new(models[i].Card, models[i].PricePerMtok, place.Good[i], place.All[i], good[i], all[i]);

    decimal Expected(Place place, int i, int chars) => models[i].ExpectedUsd(chars) * (decimal)((PricedCalls + place.Ratio[i]) / (PricedCalls + place.All[i]));

    static int Best(IEnumerable<double> scores) => scores.Select((score, i) => (score, i)).MaxBy(s => s.score).i;

    /// <summary>From the normal distribution with the same mean and variance, which is close enough to a Beta for a comparison.</summary>
    double Sample(Quality quality) =>
        quality.Mean + Math.Sqrt(quality.Variance) * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    sealed class Place(int models)
    {
        public int Calls { get; set; }
        public int RankedAt { get; set; }
        public int[]? Order { get; set; }
        public double[] Good { get; } = new double[models];
        public double[] All { get; } = new double[models];
        public double[] Ratio { get; } = new double[models];
        public decimal[] Spent { get; } = new decimal[models];
    }
}
