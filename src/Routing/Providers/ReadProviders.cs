using System.Net.Http.Headers;
using Dapper;
using Npgsql;
using Routing.Providers.Wire;

namespace Routing.Providers;

/// <summary>Providers with the keys that are in use, opened.</summary>
/// <param name="emulator">Of this process; the emulator that engines have made is asked there.</param>
public sealed class ReadProviders(NpgsqlDataSource database, KeyRing ring, OwnEmulator emulator)
{
    const string Sql = $"""
        select {ProviderRow.Columns}, c.credential_id, c.key_id, c.nonce, c.sealed
        from routing_providers
        left join routing_credentials c on c.provider = name and c.state = @state
        where @name::text is null or name = @name
        """;

    public Task<IReadOnlyList<ProviderAccess>> RunAsync(CancellationToken ct) => RunAsync(null, CredentialStates.Active, ct);

    /// <returns>Null when there is no such provider.</returns>
    public Task<ProviderAccess?> FindAsync(string name, CancellationToken ct) => FindAsync(name, CredentialStates.Active, ct);

    /// <param name="state">Which of its keys: active, or staged.</param>
    public async Task<ProviderAccess?> FindAsync(string name, string state, CancellationToken ct) => (await RunAsync(name, state, ct)).SingleOrDefault();

    async Task<IReadOnlyList<ProviderAccess>> RunAsync(string? name, string state, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ProviderRow, SealedRow, ProviderAccess>(new CommandDefinition(Sql, new { name, state }, cancellationToken: ct),
            (row, key) => Open(row.Provider, key), splitOn: "credential_id")];
    }

    ProviderAccess Open(Provider provider, SealedRow? row)
    {
        if (provider.IsOwnEmulator) return emulator.Access(provider);
        if (row is null) return new ProviderAccess(provider, null, null);
        try
        {
            return new ProviderAccess(provider, ring.Open(new SealedKey(row.KeyId, row.Nonce, row.Sealed), provider.Name, row.CredentialId), null);
        }
        catch (UnreadableKeyException e)
        {
            return new ProviderAccess(provider, null, e.Message);
        }
    }

    sealed record SealedRow(Guid CredentialId, string KeyId, byte[] Nonce, byte[] Sealed);
}

/// <summary>All that a call needs to know of where it goes.</summary>
/// <param name="Key">Null where there is none, as with a server on this machine.</param>
/// <param name="KeyProblem">Why there is a key that cannot be used; null as a rule.</param>
public sealed record ProviderAccess(Provider Provider, ProviderKey? Key, string? KeyProblem)
{
    static readonly AuthenticationHeaderValue NoSecret = new("Bearer", "emulated"); // it wants a key, and takes any

    public bool CanBeCalled => Provider.IsEnabled && KeyProblem is null && (Key is not null || Provider.Kind != ProviderKinds.OpenRouter);

    public ProviderEndpoint Endpoint() => new(Provider.Name, Wire(), Provider.BaseUrl, Authorize()) { Headers = Provider.Headers };

    Action<HttpRequestHeaders>? Authorize() => Key is { } key ? key.Authorize : Provider.Kind == ProviderKinds.Emulator ? headers => headers.Authorization = NoSecret : null;

    WireKind Wire() => Provider.Kind != ProviderKinds.OpenAI ? WireKind.OpenRouter : Provider.BaseUrl.Host == "api.openai.com" ? WireKind.OpenAi : WireKind.Compatible;
}
