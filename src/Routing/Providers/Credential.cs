namespace Routing.Providers;

/// <summary>What becomes of a key: two slots, staged and active, and what has left them.</summary>
public static class CredentialStates
{
    /// <summary>To be tried before it is used.</summary>
    public const string Staged = "staged";

    public const string Active = "active";

    /// <summary>Replaced, and calls that began with it may still be under way: not to be revoked at the provider yet. The way back of a rotation.</summary>
    public const string Retiring = "retiring";

    /// <summary>Wiped.</summary>
    public const string Retired = "retired";
}

/// <summary>A key of a provider as people may see it.</summary>
/// <param name="KeyId">Under which key of the key ring it is sealed; null once it is wiped.</param>
/// <param name="VerifiedAt">When the provider last took it; null: it was not tried.</param>
/// <param name="ReplacedAt">When another took its place.</param>
public sealed record Credential(Guid CredentialId, string Provider, string State, string Fingerprint, string? KeyId, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? VerifiedAt, DateTimeOffset? PromotedAt, DateTimeOffset? ReplacedAt, DateTimeOffset? RetiredAt)
{
    internal const string Columns = "credential_id, provider, state, fingerprint, key_id, created_at, created_by, verified_at, promoted_at, replaced_at, retired_at";

    internal const string Retire = "state = 'retired', retired_at = @now, sealed = null, nonce = null, key_id = null";
}
