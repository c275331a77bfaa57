using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>
/// Makes the provider that an engine begins with: <c>openrouter</c> when it was given a key, else, as long as nobody has set up another, <c>emulator</c>. What
/// somebody has set up is left alone; the emulator is put out of use when it is not needed any more, and its row stays for what was called there.
/// </summary>
public sealed class EnsureDefaultProvider(NpgsqlDataSource database, KeyRing ring, TimeProvider time, ILogger<EnsureDefaultProvider> log)
{
    public const string OpenRouter = "openrouter", Emulator = "emulator";

    const string Actor = "engine";

    /// <summary>One at a time makes and changes providers: engines that start together make one between them, and none beside one that somebody makes just then.</summary>
    internal const string LockSql = "select pg_advisory_xact_lock(1886547830)"; // "prov"

    /// <summary>Puts the emulator that engines have made out of use.</summary>
    internal const string LeaveEmulatorSql =
        "update routing_providers set enabled = false, version = version + 1, updated_at = @now where kind = 'emulator' and origin = 'engine' and enabled";

    const string ReadSql = """
        select name, kind, base_url, origin, c.fingerprint from routing_providers left join routing_credentials c on c.provider = name and c.state = 'active' order by name
        """;
    const string MakeSql = "insert into routing_providers (name, kind, base_url, origin, updated_at) values (@name, @name, @baseUrl, 'engine', @now)";
    const string MoveSql = "update routing_providers set base_url = @baseUrl, enabled = true, version = version + 1, updated_at = @now where name = @name";
    const string KeySql = """
        insert into routing_credentials (credential_id, provider, state, key_id, nonce, sealed, fingerprint, created_at, created_by, promoted_at)
        values (@credentialId, @name, 'active', @KeyId, @Nonce, @Text, @Fingerprint, @now, @actor, @now)
        """;

    /// <param name="openRouterKey">From the environment; null: there is none.</param>
    /// <param name="emulator">Starts this process's emulator, if it has not, and says where it listens; null: nothing is to be emulated.</param>
    /// <returns>The provider that is in use because of this; null when it is somebody's own.</returns>
    /// <exception cref="FormatException">It is no key; the message does not hold it.</exception>
    public async Task<DefaultProvider?> RunAsync(string? openRouterKey, Uri openRouterUrl, Func<CancellationToken, Task<Uri>>? emulator, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(LockSql, new { });
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(ReadSql, transaction: transaction, cancellationToken: ct))).ToArray();
        var isEmulated = openRouterKey is null && emulator is not null && rows.All(r => r.IsOwnEmulator);
        var used = openRouterKey is not null ? await UseOpenRouterAsync(new ProviderKey(Guid.CreateVersion7(now), openRouterKey))
            : isEmulated ? await UseEmulatorAsync(await emulator!(ct)) : null;
        if (!isEmulated && await ExecuteAsync(LeaveEmulatorSql, new { now }) > 0)
        {
            log.EmulatorLeft(Emulator);
            await CountAsync();
        }
        await transaction.CommitAsync(ct);
        return used;

        async Task<DefaultProvider?> UseOpenRouterAsync(ProviderKey key)
        {
            var row = Array.Find(rows, r => r.Name == OpenRouter);
            if (row?.Fingerprint is { } active)
            {
                if (active != key.Fingerprint) log.OtherKeyConfigured(OpenRouter, key.Fingerprint, active);
                return row.Kind == ProviderKinds.OpenRouter ? new DefaultProvider(OpenRouter, IsNew: false) : null;
            }
            // A provider of that name that leads elsewhere is somebody's own: it gets no key that was meant for OpenRouter.
            if (row is not null && (row.Kind != ProviderKinds.OpenRouter || new Uri(row.BaseUrl).Authority != openRouterUrl.Authority)) return null;
            if (row is null)
            {
                await ExecuteAsync(MakeSql, new { name = OpenRouter, baseUrl = openRouterUrl.AbsoluteUri, now });
                log.DefaultMade(OpenRouter, openRouterUrl.AbsoluteUri);
            }
            var sealedKey = ring.Seal(key, OpenRouter);
            await ExecuteAsync(KeySql, new { credentialId = key.CredentialId, name = OpenRouter, sealedKey.KeyId, sealedKey.Nonce, sealedKey.Text, key.Fingerprint, now, actor = Actor });
            await CountAsync();
            return new DefaultProvider(OpenRouter, IsNew: row is null);
        }

        async Task<DefaultProvider?> UseEmulatorAsync(Uri url)
        {
            var isNew = rows.Length == 0;
            await ExecuteAsync(isNew ? MakeSql : MoveSql, new { name = Emulator, baseUrl = url.AbsoluteUri, now });
            await CountAsync(); // also where the row says the same: this process asks its own emulator from now on
            if (isNew) log.DefaultMade(Emulator, url.AbsoluteUri);
            return new DefaultProvider(Emulator, isNew);
        }

        Task CountAsync() => RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);

        Task<int> ExecuteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    sealed record Row(string Name, string Kind, string BaseUrl, string Origin, string? Fingerprint)
    {
        public bool IsOwnEmulator => Kind == ProviderKinds.Emulator && Origin == Provider.ByEngine;
    }
}

/// <param name="IsNew">It was not there before.</param>
public sealed record DefaultProvider(string Name, bool IsNew);
