namespace Routing.Learning;

/// <summary>Lays learned and pinned ranks over the order that a policy says.</summary>
public static class RankOverlay
{
    /// <param name="models">In the policy's order.</param>
    /// <param name="ranks">Of this policy; those of models that it does not have any more are passed over.</param>
    /// <returns>The models by rank; one without a rank, which the policy has got since, comes after the one that the policy has before it.</returns>
    public static IReadOnlyList<T> Order<T>(IReadOnlyList<T> models, IReadOnlyList<Rank> ranks, Func<T, (string Provider, string Slug)> key)
    {
        if (ranks.Count == 0) return models;
        var positions = ranks.ToDictionary(r => (r.Provider, r.Model), r => r.Position);
        var ordered = models.Where(m => positions.ContainsKey(key(m))).OrderBy(m => positions[key(m)]).ToList();
        var pinned = ordered.Count(m => ranks.Any(r => r.PinnedBy is not null && (r.Provider, r.Model) == key(m))); // they come first
        for (var i = 0; i < models.Count; i++)
            if (!positions.ContainsKey(key(models[i])))
                ordered.Insert(Math.Max(pinned, i == 0 ? 0 : ordered.FindIndex(m => key(m) == key(models[i - 1])) + 1), models[i]);
        return ordered;
    }
}
