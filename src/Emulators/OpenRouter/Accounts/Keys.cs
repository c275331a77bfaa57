using System.Collections.Concurrent;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Accounts;

/// <summary>The keys that are known, and the credits they spend together. While none is known, any key will do.</summary>
public sealed class Keys
{
    readonly ConcurrentDictionary<string, KeyAccount> accounts = new();
    readonly KeyAccount anybody = new(new EmulatedKey(""));
    decimal creditsUsd;

    internal Keys(IEnumerable<EmulatedKey> keys, decimal creditsUsd)
    {
        this.creditsUsd = creditsUsd;
        foreach (var key in keys) Put(key);
    }

    /// <summary>What was bought, spent or not.</summary>
    public decimal CreditsUsd
    {
        get { lock (accounts) return creditsUsd; }
        set { lock (accounts) creditsUsd = value; }
    }

    /// <summary>Adds a key or changes it; what was spent with it stays.</summary>
    public void Put(EmulatedKey key) => accounts.AddOrUpdate(key.Key, _ => new KeyAccount(key), (_, account) =>
    {
        account.Key = key;
        return account;
    });

    public bool Remove(string key) => accounts.TryRemove(key, out _);

    /// <returns>Whose request it is, or the 401 that refuses it.</returns>
    internal (KeyAccount? Account, ErrorAnswer? Error) Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.AsSpan(7).Trim() is not { Length: > 0 } key)
            return (null, new ErrorAnswer(401, "authentication", "No auth credentials found"));
        if (accounts.IsEmpty) return (anybody, null);
        return accounts.TryGetValue(key.ToString(), out var account) && !account.Key.IsDisabled ? (account, null) : (null, new ErrorAnswer(401, "authentication", "User not found."));
    }
}
