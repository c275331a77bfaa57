namespace Routing.Learning;

/// <summary>Lays learned and pinned ranks over the order that a policy says.</summary>
public static class RankOverlay
{
    /// <param name="models">In the policy's order.</param>
    /// <param name="ranks">Of this policy; those of models that it does not have any more are passed over.</param>
    /// <returns>The models by rank; one without a rank, which the policy has got since, comes at the place that the policy gives it.</returns>
    public static IReadOnlyList<T> Order<T>(IReadOnlyList<T> models, IReadOnlyList<Rank> ranks, Func<T, (string Provider, string Slug)> key)
    {
        if (ranks.Count == 0) return models;
        var positions = ranks.ToDictionary(r => (r.Provider, r.Model), r => r.Position);
        var ordered = models.Where(m => positions.ContainsKey(key(m))).OrderBy(m => positions[key(m)]).ToList();
        var pinned = ranks.Count(r => r.PinnedBy is not null); // they come first
        for (var i = 0; i < models.Count; i++)
            if (!positions.ContainsKey(key(models[i]))) ordered.Insert(Math.Clamp(i, Math.Min(pinned, ordered.Count), ordered.Count), models[i]);
        return ordered;
    }
}
