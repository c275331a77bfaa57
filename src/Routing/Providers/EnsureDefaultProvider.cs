using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>
/// Makes the provider that an engine begins with: <c>openrouter</c> when it was given a key, else <c>emulator</c>. What somebody has set up since is left alone.
/// </summary>
public sealed class EnsureDefaultProvider(NpgsqlDataSource database, KeyRing ring, TimeProvider time, ILogger<EnsureDefaultProvider> log)
{
    public const string OpenRouter = "openrouter", Emulator = "emulator";

    const long LockKey = 0x70726f76; // "prov": engines that start together make one provider between them
    const string Actor = "engine";

    const string ReadSql = """
        select name, kind, base_url, c.fingerprint from routing_providers left join routing_credentials c on c.provider = name and c.state = 'active' order by name
        """;
    const string MakeSql = "insert into routing_providers (name, kind, base_url, updated_at) values (@name, @name, @baseUrl, @now)";
    const string MoveSql = "update routing_providers set base_url = @baseUrl, version = version + 1, updated_at = @now where name = @name";
    const string LeaveSql = "update routing_providers set enabled = false, version = version + 1, updated_at = @now where name = @name and enabled";
    const string KeySql = """
        insert into routing_credentials (credential_id, provider, state, key_id, nonce, sealed, fingerprint, created_at, created_by, promoted_at)
        values (@credentialId, @name, 'active', @KeyId, @Nonce, @Text, @Fingerprint, @now, @actor, @now)
        """;

    /// <param name="openRouterKey">From the environment; null: there is none.</param>
    /// <param name="emulatorUrl">Where the emulator listens this time; null: there is none.</param>
    /// <returns>The provider that was made; null when none was.</returns>
    /// <exception cref="FormatException">It is no key; the message does not hold it.</exception>
    public async Task<string?> RunAsync(string? openRouterKey, Uri openRouterUrl, Uri? emulatorUrl, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync("select pg_advisory_xact_lock(@LockKey)", new { LockKey });
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(ReadSql, transaction: transaction, cancellationToken: ct))).ToArray();
        var made = openRouterKey is null
            ? emulatorUrl is null || rows.Any(r => r.Kind != ProviderKinds.Emulator) ? null : await UseEmulatorAsync(emulatorUrl)
            : await UseOpenRouterAsync(new ProviderKey(Guid.CreateVersion7(now), openRouterKey));
        await transaction.CommitAsync(ct);
        return made;

        async Task<string?> UseOpenRouterAsync(ProviderKey key)
        {
            var row = Array.Find(rows, r => r.Name == OpenRouter);
            if (row?.Fingerprint is { } active)
            {
                if (active != key.Fingerprint) log.OtherKeyConfigured(OpenRouter, key.Fingerprint, active);
                return null;
            }
            // A provider of that name that leads elsewhere is somebody's own: it gets no key that was meant for OpenRouter.
            if (row is not null && (row.Kind != ProviderKinds.OpenRouter || new Uri(row.BaseUrl).Authority != openRouterUrl.Authority)) return null;
            if (row is null)
            {
                await ExecuteAsync(MakeSql, new { name = OpenRouter, baseUrl = openRouterUrl.AbsoluteUri, now });
                await ExecuteAsync(LeaveSql, new { name = Emulator, now });
                log.DefaultMade(OpenRouter, openRouterUrl.AbsoluteUri);
            }
            var sealedKey = ring.Seal(key, OpenRouter);
            await ExecuteAsync(KeySql, new { credentialId = key.CredentialId, name = OpenRouter, sealedKey.KeyId, sealedKey.Nonce, sealedKey.Text, key.Fingerprint, now, actor = Actor });
            await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);
            return row is null ? OpenRouter : null;
        }

        async Task<string?> UseEmulatorAsync(Uri url)
        {
            var row = Array.Find(rows, r => r.Name == Emulator);
            if (row?.BaseUrl == url.AbsoluteUri) return null;
            await ExecuteAsync(row is null ? MakeSql : MoveSql, new { name = Emulator, baseUrl = url.AbsoluteUri, now });
            await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);
            if (row is null) log.DefaultMade(Emulator, url.AbsoluteUri);
            return row is null ? Emulator : null;
        }

        Task ExecuteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    sealed record Row(string Name, string Kind, string BaseUrl, string? Fingerprint);
}
