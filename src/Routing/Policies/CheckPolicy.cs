namespace Routing.Policies;

/// <summary>What is wrong with a policy beside the others: names that are taken, and ways to stand in that lead nowhere or in a circle.</summary>
public static class CheckPolicy
{
    /// <param name="active">What holds now; the policy takes the place of the one of its name.</param>
    public static IEnumerable<string> Problems(string name, PolicyConfig config, PolicySet active)
    {
        if (active.Aliases.TryGetValue(name, out var taken) && taken != name) yield return $"The name {name} is an alias of the policy {taken}.";
        for (var i = 0; i < config.Aliases.Count; i++)
        {
            var alias = config.Aliases[i];
            if (alias == name) yield return $"aliases[{i}] is {alias}, the name of the policy itself.";
            else if (active.ByName.ContainsKey(alias)) yield return $"aliases[{i}] is {alias}, which is the name of another policy.";
            else if (active.Aliases.TryGetValue(alias, out var owner) && owner != name) yield return $"aliases[{i}] is {alias}, which is an alias of the policy {owner}.";
        }
        foreach (var problem in StandIns(name, config, active, "downgrade_to", c => c.DowngradeTo)) yield return problem;
        foreach (var problem in StandIns(name, config, active, "upgrade_on_context", c => c.UpgradeOnContext)) yield return problem;
    }

    static IEnumerable<string> StandIns(string name, PolicyConfig config, PolicySet active, string member, Func<PolicyConfig, IReadOnlyList<string>> next)
    {
        var names = next(config);
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name) yield return $"{member}[{i}] is {name}, the policy itself.";
            else if (!active.ByName.ContainsKey(names[i]))
                yield return $"{member}[{i}] is {names[i]}, which is no active policy; there are {string.Join(", ", active.ByName.Keys.Order(StringComparer.Ordinal))}.";
            else if (Way(names[i], name, active, next, []) is { } way) yield return $"{member}[{i}] makes a circle: {name} → {string.Join(" → ", way)}.";
        }
    }

    /// <returns>The policies on the way, both ends included; null when there is none.</returns>
    static IReadOnlyList<string>? Way(string from, string to, PolicySet active, Func<PolicyConfig, IReadOnlyList<string>> next, HashSet<string> seen)
    {
        if (from == to) return [to];
        if (!seen.Add(from) || active.ByName.GetValueOrDefault(from) is not { } policy) return null;
        foreach (var step in next(policy.Config))
            if (Way(step, to, active, next, seen) is { } rest) return [from, .. rest];
        return null;
    }
}
