using Dapper;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>Puts a new key into the second slot of a provider, where it is tried before it is used. One that lay there is wiped.</summary>
public sealed class StageCredential(KeyRing ring, TimeProvider time)
{
    const string LockSql = "select fingerprint from routing_providers left join routing_credentials c on c.provider = name and c.state = 'active' where name = @provider for update of routing_providers";
    const string WipeSql = $"update routing_credentials set {Credential.Retire} where provider = @provider and state = 'staged'";
    const string InsertSql = $"""
        insert into routing_credentials (credential_id, provider, state, key_id, nonce, sealed, fingerprint, created_at, created_by)
        values (@credentialId, @provider, 'staged', @KeyId, @Nonce, @Text, @Fingerprint, @now, @actor)
        returning {Credential.Columns}
        """;

    /// <param name="actor">Who gives it.</param>
    public async Task<CredentialStaged> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, string text, string actor, CancellationToken ct)
    {
        if (ProviderKey.Problem(text) is { } problem) return new CredentialStaged.Refused(problem);
        var now = time.GetUtcNow();
        var active = (await connection.QueryAsync<string?>(new CommandDefinition(LockSql, new { provider }, transaction, cancellationToken: ct))).ToArray();
        if (active.Length == 0) return new CredentialStaged.NoSuchProvider();
        var key = new ProviderKey(Guid.CreateVersion7(now), text);
        if (active[0] == key.Fingerprint) return new CredentialStaged.Refused("This key is the one that is in use.");
        await connection.ExecuteAsync(new CommandDefinition(WipeSql, new { provider, now }, transaction, cancellationToken: ct));
        var sealedKey = ring.Seal(key, provider);
        var staged = await connection.QuerySingleAsync<Credential>(new CommandDefinition(InsertSql, new
        {
            credentialId = key.CredentialId, provider, sealedKey.KeyId, sealedKey.Nonce, sealedKey.Text, key.Fingerprint, now, actor,
        }, transaction, cancellationToken: ct));
        await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Providers);
        return new CredentialStaged.Done(staged);
    }
}

public abstract record CredentialStaged
{
    CredentialStaged() { } // closed: the kinds below are all there are

    public sealed record Done(Credential Credential) : CredentialStaged;
    public sealed record NoSuchProvider : CredentialStaged;
    public sealed record Refused(string Problem) : CredentialStaged;
}
