namespace Routing.Learning;

/// <summary>
/// How good the answers of models are thought to be: Beta posteriors that borrow. What was judged here (under a policy, of a kind of task) is
/// joined to what was judged of the model everywhere, that to what was believed before, and all of a place are shifted by how
/// much harder it is than elsewhere. (Partial pooling with moment-matched strengths: Gelman et al., "Bayesian Data Analysis", 3rd ed., chapter 5.)
/// The strengths were chosen on public tables of outcomes, see <c>ops/bench routing-learning</c>.
/// </summary>
public static class EstimateQuality
{
    /// <summary>Judgements that a belief is worth: one from a benchmark, and one from the price alone.</summary>
    const double KnownStrength = 20, GuessedStrength = 2;

    /// <summary>Judgements that a model's record elsewhere is worth here, at most.</summary>
    const double ElsewhereStrength = 10;

    const double PlaceStrength = 10;

    /// <param name="models">All that may be chosen in a place.</param>
    public static IReadOnlyList<Quality> Of(IReadOnlyList<QualityEvidence> models)
    {
        var everywhere = models.Select(m => (Strength(m) * Belief(m) + m.GoodEverywhere) / (Strength(m) + m.AllEverywhere)).ToArray();
        var surplus = models.Select((m, i) => m.GoodHere - m.AllHere * everywhere[i]).Sum();
        var shift = surplus / (PlaceStrength + models.Sum(m => m.AllHere)); // below 0 where tasks are harder
        return [.. models.Select((m, i) =>
        {
            var strength = 1 / (1 / ElsewhereStrength + 1 / (Strength(m) + m.AllEverywhere)); // variances add up
            var expected = Math.Clamp(everywhere[i] + shift, 0.01, 0.99);
            return new Quality(strength * expected + m.GoodHere, strength * (1 - expected) + m.AllHere - m.GoodHere);
        })];
    }

    static double Strength(QualityEvidence model) => model.Belief is null ? GuessedStrength : KnownStrength;

    /// <summary>Dearer models tend to be better: a weak belief, where there is no other, that a few judgements outweigh.</summary>
    static double Belief(QualityEvidence model) => model.Belief
        ?? (model.PricePerMtok is { } price and > 0 ? Math.Clamp(0.72 + 0.06 * Math.Log10(price), 0.4, 0.9) : 0.7);
}

/// <param name="Belief">Before anything was judged, 0 to 1; null: nothing is known.</param>
/// <param name="PricePerMtok">US dollars a million tokens, three of input to one of output; null: not known.</param>
/// <param name="GoodHere">Weight of the judgements as far as they are good.</param>
/// <param name="AllHere">Weight of all judgements.</param>
/// <param name="GoodEverywhere">Those of here included.</param>
public readonly record struct QualityEvidence(double? Belief, double? PricePerMtok, double GoodHere, double AllHere, double GoodEverywhere, double AllEverywhere);

/// <summary>A Beta distribution of the share of good answers.</summary>
public readonly record struct Quality(double Good, double Bad)
{
    public double Mean => Good / (Good + Bad);

    public double Variance => Good * Bad / ((Good + Bad) * (Good + Bad) * (Good + Bad + 1));
}
