using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Npgsql;

namespace Engine.Access;

/// <summary>
/// Says whose token it is. Rows are remembered for a second, so that a busy caller costs a query a second and a revoked token
/// dies within one on every node.
/// </summary>
public sealed class FindToken(NpgsqlDataSource database, TimeProvider time)
{
    const int MaxRemembered = 10_000;
    static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<string, Entry> byPrefix = new();

    public async Task<TokenCheck> RunAsync(ApiToken token, CancellationToken ct)
    {
        var entry = Recent(token.Prefix) ?? await LoadAsync(token.Prefix, ct);
        return entry is null ? new TokenCheck.Unknown() : Judge(entry, token);
    }

    /// <summary>
    /// Whether this token was good when it was last looked up, however long ago: enough to choose a rate limit by, also while
    /// the database is away, and never enough to let anybody in.
    /// </summary>
    public TokenCheck.Good? WasGood(ApiToken token) =>
        byPrefix.TryGetValue(token.Prefix, out var entry) ? Judge(entry, token) as TokenCheck.Good : null;

    /// <summary>Forgets what is remembered, so that a revocation on this node acts at once.</summary>
    public void Forget() => byPrefix.Clear();

    Entry? Recent(string prefix) =>
        byPrefix.TryGetValue(prefix, out var entry) && time.GetElapsedTime(entry.LoadedAt) < Remembered ? entry : null;

    async Task<Entry?> LoadAsync(string prefix, CancellationToken ct)
    {
        var loadedAt = time.GetTimestamp();
        await using var connection = await database.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition("""
            select token_id, prefix, secret_sha256, name, role, tenant, expires_at, revoked_at
            from api_tokens where prefix = @prefix
            """, new { prefix }, cancellationToken: ct));
        if (row is null) return null;
        if (byPrefix.Count >= MaxRemembered) byPrefix.Clear();
        var caller = new Caller(row.TokenId.ToString(), row.Prefix, row.Name, row.Role, row.Tenant);
        return byPrefix[prefix] = new Entry(row, new ClaimsPrincipal(new CallerIdentity(caller)), loadedAt);
    }

    TokenCheck Judge(Entry entry, ApiToken token)
    {
        if (!CryptographicOperations.FixedTimeEquals(entry.Row.SecretSha256, token.Sha256())) return new TokenCheck.Unknown();
        if (entry.Row.RevokedAt is { } revokedAt) return new TokenCheck.Revoked(revokedAt);
        if (entry.Row.ExpiresAt is { } expiresAt && expiresAt <= time.GetUtcNow()) return new TokenCheck.Expired(expiresAt);
        return new TokenCheck.Good(entry.Row.TokenId, entry.User);
    }

    sealed record Entry(Row Row, ClaimsPrincipal User, long LoadedAt);

    sealed record Row(Guid TokenId, string Prefix, byte[] SecretSha256, string Name, string Role, string? Tenant,
        DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt);
}

/// <summary>What became of a token that was shown. Only who knows the secret learns that it expired or was revoked.</summary>
public abstract record TokenCheck
{
    TokenCheck() { } // closed: the kinds below are all there are
    public sealed record Good(Guid TokenId, ClaimsPrincipal User) : TokenCheck;
    public sealed record Unknown : TokenCheck;
    public sealed record Expired(DateTimeOffset At) : TokenCheck;
    public sealed record Revoked(DateTimeOffset At) : TokenCheck;
}
