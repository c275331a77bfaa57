using Routing.Learning;
using Routing.Performance;
using Routing.Providers;
using Routing.Selection;

namespace Engine.Gateway;

/// <summary>What the duties of routing work on.</summary>
static class DutySources
{
    /// <summary>None before all parts of the snapshot have been read once: a policy must not be ranked by half of its models.</summary>
    public static PoliciesToRank Policies(KeepSnapshot snapshot) => () => snapshot.First.IsCompleted ? PoliciesOfSnapshot.Of(snapshot.Current) : [];

    /// <summary>Those in use that tell what they bill, with the keys that they bill.</summary>
    public static ProvidersToReconcile Providers(ReadProviders read) => async ct =>
        [.. (await read.RunAsync(ct)).Where(a => a.Provider is { IsEnabled: true, Kind: ProviderKinds.OpenRouter } && a.Key is not null)
            .Select(a => new ProviderMeter(a.Provider, a.Key!)).OrderBy(m => m.Name, StringComparer.Ordinal)];
}
