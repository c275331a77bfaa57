using Routing.Providers;

namespace Engine.Gateway;

/// <param name="Kind">openrouter, openai (whatever speaks its wire, such as Ollama, llama.cpp or vLLM) or emulator.</param>
/// <param name="BaseUrl">What <c>/models</c> is appended to: https, or http on the engine's machine.</param>
/// <param name="ZeroRetention">It keeps nothing of what is sent.</param>
/// <param name="Regions">Where it computes, such as <c>eu</c>.</param>
/// <param name="Headers">Sent with each request; never secrets.</param>
public sealed record ProviderRequest(string Kind, string BaseUrl, bool Enabled = true, bool ZeroRetention = false, IReadOnlyList<string>? Regions = null,
    IReadOnlyDictionary<string, string>? Headers = null)
{
    internal ProviderInput Input => new(Kind, BaseUrl, Enabled, ZeroRetention, Regions ?? [], Headers ?? new Dictionary<string, string>());
}

/// <param name="Keys">Those that are not wiped.</param>
/// <param name="Models">That it lists.</param>
/// <param name="TriedAt">When its models were last asked for; null: never.</param>
/// <param name="SyncedAt">When the list that counts was asked for; null: never.</param>
/// <param name="SyncProblem">Why the last try failed; null when it did not.</param>
/// <param name="Version">The number in the ETag.</param>
public sealed record ProviderResponse(string Name, string Kind, string BaseUrl, bool Enabled, bool ZeroRetention, IReadOnlyList<string> Regions,
    IReadOnlyDictionary<string, string> Headers, IReadOnlyList<ProviderKeyResponse> Keys, long Models, DateTimeOffset UpdatedAt, DateTimeOffset? TriedAt,
    DateTimeOffset? SyncedAt, string? SyncProblem, long Version)
{
    public static ProviderResponse Of(ListedProvider l) => new(l.Provider.Name, l.Provider.Kind, l.Provider.BaseUrl.OriginalString, l.Provider.IsEnabled, l.Provider.IsZeroRetention,
        l.Provider.Regions, l.Provider.Headers, [.. l.Credentials.Select(ProviderKeyResponse.Of)], l.Models, l.UpdatedAt, l.TriedAt, l.SyncedAt, l.SyncProblem, l.Provider.Version);
}

/// <param name="State">staged (to be tried), active, or retiring (replaced; not to be revoked at the provider before it is gone from here).</param>
/// <param name="Fingerprint">The end of the key and the beginning of its SHA-256.</param>
/// <param name="SealedUnder">The key of the key ring.</param>
/// <param name="VerifiedAt">When the provider last took it in a trial; null: not tried.</param>
/// <param name="ReplacedAt">When another took its place.</param>
public sealed record ProviderKeyResponse(Guid CredentialId, string State, string Fingerprint, string? SealedUnder, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? VerifiedAt, DateTimeOffset? PromotedAt, DateTimeOffset? ReplacedAt)
{
    public static ProviderKeyResponse Of(Credential c) => new(c.CredentialId, c.State, c.Fingerprint, c.KeyId, c.CreatedAt, c.CreatedBy, c.VerifiedAt, c.PromotedAt, c.ReplacedAt);
}

/// <param name="Refused">The provider does not take the key.</param>
/// <param name="HttpStatus">Null when no answer came.</param>
/// <param name="Key">Fingerprint of the key that was tried; null: without one.</param>
public sealed record ProviderTestResponse(bool Working, bool Refused, int? HttpStatus, string Detail, string? Key, double TookSeconds)
{
    public static ProviderTestResponse Of(ProviderTest t) => new(t.IsWorking, t.IsRefused, t.HttpStatus, t.Detail, t.Key?.Fingerprint, Math.Round(t.Took.TotalSeconds, 3));
}

/// <param name="Key">In the clear; it is sealed at once and shown nowhere.</param>
public sealed record StageKeyRequest(string Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => nameof(StageKeyRequest);
}

/// <param name="Test">What the provider said to the key; null where it was not tried.</param>
public sealed record RotationResponse(ProviderResponse Provider, ProviderTestResponse? Test);
