namespace Routing.Providers;

/// <summary>
/// Where the emulator of this process listens, and which provider it stands behind: the row <c>emulator</c> that engines have made. The row has the address of the
/// engine that started last, on that one's loopback; each engine asks its own.
/// </summary>
public sealed class OwnEmulator
{
    volatile Uri? baseUrl;

    /// <summary>Null: this process has none, and asks no other's.</summary>
    public Uri? BaseUrl
    {
        get => baseUrl;
        set => baseUrl = value;
    }

    internal ProviderAccess Access(Provider provider) => new(baseUrl is { } here ? provider with { BaseUrl = here } : provider with { IsEnabled = false }, null, null);
}
