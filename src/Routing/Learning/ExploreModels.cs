namespace Routing.Learning;

/// <summary>
/// Gives a small share of calls to the model that could be the best after all: the one with the highest upper bound, if that is above what the
/// best is thought to be. (Optimism in the face of uncertainty, bounded: T. Lattimore and C. Szepesvári, "Bandit Algorithms", chapter 7.) Pure.
/// </summary>
public static class ExploreModels
{
    /// <summary>More than this is not given away, whatever is set.</summary>
    public const double MostShare = 0.2;

    /// <param name="scores">In the order in which they would be called; those that may not be called are left out.</param>
    /// <param name="draw">From 0 to below 1, the same for the same request: <see cref="Draw"/>.</param>
    /// <returns>The place of the model to call instead of the first; null: the first.</returns>
    public static int? Choose(IReadOnlyList<ModelScore> scores, double share, double draw)
    {
        if (draw >= Math.Min(share, MostShare) || scores.Count < 2) return null;
        var promising = Enumerable.Range(1, scores.Count - 1).MaxBy(i => scores[i].High);
        return scores[promising].High > scores[0].Mean ? promising : null;
    }

    /// <summary>A number from 0 to below 1 that a request keeps, however often it is decided.</summary>
    public static double Draw(Guid requestId)
    {
        Span<byte> bytes = stackalloc byte[16];
        requestId.TryWriteBytes(bytes);
        return (BitConverter.ToUInt64(bytes[8..]) >> 11) * (1.0 / (1UL << 53)); // the last eight bytes of an id of version 7 are random but for two bits
    }
}
