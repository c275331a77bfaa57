namespace Routing.Policies;

/// <summary>The active version of each policy, and which tasks and words lead to which.</summary>
public sealed record PolicySet(IReadOnlyDictionary<string, Policy> ByName, IReadOnlyDictionary<string, string> Aliases, IReadOnlyDictionary<string, string> TaskTypes)
{
    public static readonly PolicySet Empty = new(new Dictionary<string, Policy>(), new Dictionary<string, string>(), new Dictionary<string, string>());
}

/// <param name="Version">1 for the first; a change is a new version.</param>
public sealed record Policy(string Name, int Version, PolicyConfig Config);

/// <summary>What a policy says; its JSON form is published as a schema.</summary>
public sealed record PolicyConfig;
