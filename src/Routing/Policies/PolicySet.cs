namespace Routing.Policies;

/// <summary>The active version of each policy, and which tasks and words lead to which.</summary>
public sealed record PolicySet(IReadOnlyDictionary<string, Policy> ByName, IReadOnlyDictionary<string, string> Aliases, IReadOnlyDictionary<string, string> TaskTypes)
{
    public static readonly PolicySet Empty = new(new Dictionary<string, Policy>(), new Dictionary<string, string>(), new Dictionary<string, string>());

    /// <summary>The preference of a type of task; one that is absent goes by the policy's weights.</summary>
    public IReadOnlyDictionary<string, string> Preferences { get; init; } = new Dictionary<string, string>();

    /// <summary>Puts policies together with the aliases that they name themselves.</summary>
    public static PolicySet Of(IEnumerable<Policy> policies, IEnumerable<TaskType>? taskTypes = null)
    {
        var byName = policies.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var aliases = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var policy in byName.Values.OrderBy(p => p.Name, StringComparer.Ordinal))
            foreach (var alias in policy.Config.Aliases)
                if (!byName.ContainsKey(alias)) aliases.TryAdd(alias, policy.Name);
        var types = (taskTypes ?? []).ToArray();
        return new PolicySet(byName, aliases, types.ToDictionary(t => t.Name, t => t.Policy, StringComparer.Ordinal))
        {
            Preferences = types.Where(t => t.Preference is not null).ToDictionary(t => t.Name, t => t.Preference!, StringComparer.Ordinal),
        };
    }

    /// <param name="nameOrAlias">As somebody asks for it.</param>
    public Policy? Find(string nameOrAlias) =>
        ByName.GetValueOrDefault(nameOrAlias) ?? (Aliases.TryGetValue(nameOrAlias, out var name) ? ByName.GetValueOrDefault(name) : null);
}

/// <param name="Version">1 for the first; a change is a new version.</param>
public sealed record Policy(string Name, int Version, PolicyConfig Config);

/// <summary>Which policy a type of task goes by.</summary>
/// <param name="Preference">fast, quality, code or balanced; null: as the policy says.</param>
public sealed record TaskType(string Name, string Policy, string? Preference)
{
    /// <summary>Stands in for types that nobody has put into the table.</summary>
    public const string Generic = "generic";
}
