using Routing.Policies;

namespace Routing.Learning;

/// <summary>
/// What a call is worth, in shares of a good answer: quality × success, less what it costs beside what an answer is worth, less what its time
/// costs beside the patience there is; each by its weight. With how sure that is.
/// </summary>
/// <param name="Variance">Of the mean, from what is not known of quality and success.</param>
public readonly record struct ModelScore(double Mean, double Variance)
{
    /// <summary>One-sided 95 %.</summary>
    public const double Z = 1.6448536269514722;

    /// <summary>Few calls fail: what is believed before any was made, worth five calls.</summary>
    static readonly Quality Success = new(4.75, 0.25);

    public double High => Mean + Z * Math.Sqrt(Variance);

    /// <param name="succeeded">Weighted calls that succeeded, and failed.</param>
    /// <param name="quality">Of the answers; null: not compared, all answers count as good.</param>
    /// <param name="costUsd">Mean of a call.</param>
    /// <param name="latency">Of a call; null: not known, counts as none.</param>
    public static ModelScore Of(double succeeded, double failed, Quality? quality, decimal costUsd, TimeSpan? latency, RankWeights weights)
    {
        var success = new Quality(Success.Good + succeeded, Success.Bad + failed);
        var (mean, variance) = quality is { } q
            ? (success.Mean * q.Mean, success.Mean * success.Mean * q.Variance + q.Mean * q.Mean * success.Variance + success.Variance * q.Variance)
            : (success.Mean, success.Variance);
        var cost = weights.Cost * (double)(costUsd / weights.WorthUsd);
        var time = latency is { } l ? weights.Latency * (l / weights.Patience) : 0;
        return new ModelScore(weights.Quality * mean - cost - time, weights.Quality * weights.Quality * variance);
    }
}

/// <summary>What counts how much under a policy.</summary>
/// <param name="WorthUsd">What a good answer is worth, above zero: a policy's most expensive allowed task is a fair guess.</param>
/// <param name="Patience">A wait that spoils a good answer, above zero.</param>
public sealed record RankWeights(double Quality, double Cost, double Latency, decimal WorthUsd, TimeSpan Patience)
{
    public static readonly RankWeights Balanced = new(1, 1, 0.1, 0.10m, TimeSpan.FromSeconds(30));

    /// <summary>The heaviest of the three counts whole, so that a margin means the same under all policies.</summary>
    public static RankWeights Of(PolicyConfig config)
    {
        var weights = config.Weights.Normalised();
        var most = Math.Max(weights.Quality, Math.Max(weights.Cost, weights.Latency));
        return new RankWeights(weights.Quality / most, weights.Cost / most, weights.Latency / most,
            config.MaxCostPerTaskUsd > 0 ? config.MaxCostPerTaskUsd : Balanced.WorthUsd, Balanced.Patience);
    }
}
