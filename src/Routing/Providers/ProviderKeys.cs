using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Routing.Catalog;
using Routing.Providers.Wire;

namespace Routing.Providers;

/// <summary>
/// The providers and their active keys, in the memory of this process. A rotation on any process is noticed within a second; calls that are under way keep
/// the key that they began with.
/// </summary>
public sealed class ProviderKeys(ReadProviders read, ILogger<ProviderKeys> log) : IFollowsChanges
{
    volatile FrozenDictionary<string, ProviderAccess> all = FrozenDictionary<string, ProviderAccess>.Empty;
    volatile FrozenDictionary<string, ProviderEndpoint> endpoints = FrozenDictionary<string, ProviderEndpoint>.Empty;

    public string Part => RoutingVersions.Providers;

    public IReadOnlyCollection<ProviderAccess> All => all.Values;

    /// <returns>Null when there is no such provider. It may be disabled, and it may have no key.</returns>
    public ProviderAccess? Find(string provider) => all.GetValueOrDefault(provider);

    /// <returns>Null when nothing can be called there: it is gone or disabled, or the key that it wants is missing or cannot be opened.</returns>
    public ProviderEndpoint? EndpointOf(string provider) => endpoints.GetValueOrDefault(provider);

    public async Task RefreshAsync(CancellationToken ct)
    {
        var before = all;
        all = (await read.RunAsync(ct)).ToFrozenDictionary(a => a.Provider.Name, StringComparer.Ordinal);
        endpoints = all.Values.Where(a => a.CanBeCalled).ToFrozenDictionary(a => a.Provider.Name, a => a.Endpoint(), StringComparer.Ordinal);
        foreach (var access in all.Values)
        {
            var old = before.GetValueOrDefault(access.Provider.Name);
            if (access.KeyProblem is { } problem && old?.KeyProblem != problem) log.KeyUnreadable(access.Provider.Name, problem);
            if (access.Key is { } key && old?.Key?.CredentialId != key.CredentialId) log.KeyInUse(access.Provider.Name, key.Fingerprint);
        }
    }
}
