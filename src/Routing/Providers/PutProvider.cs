using System.Text.Json;
using Dapper;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>
/// Makes a provider, or changes one that nobody has changed since it was read. When it moves to another host its keys are wiped, which were given for the
/// old one, and its models are gone until they are synced from the new one. The emulator that engines have made leaves as soon as there is another.
/// </summary>
public sealed class PutProvider(TimeProvider time)
{
    const string ReadSql = $"select {ProviderRow.Columns} from routing_providers where name = @name for update";
    const string InsertSql = """
        insert into routing_providers (name, kind, base_url, enabled, zero_retention, regions, headers, updated_at)
        values (@name, @Kind, @BaseUrl, @Enabled, @ZeroRetention, @regions, @headers::jsonb, @now)
        on conflict (name) do nothing
        """;
    const string UpdateSql = """
        update routing_providers
        set kind = @Kind, base_url = @BaseUrl, enabled = @Enabled, zero_retention = @ZeroRetention, regions = @regions, headers = @headers::jsonb, origin = 'operator',
            version = version + 1, updated_at = @now, synced_at = case when @hasMoved then null else synced_at end
        where name = @name
        """;
    const string WipeSql = $"update routing_credentials set {Credential.Retire} where provider = @name and state <> 'retired'";

    /// <param name="version">That the change was decided on; null: there is to be none of that name yet.</param>
    public async Task<ProviderPut> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, ProviderInput input, long? version, CancellationToken ct)
    {
        if (input.Problem(name) is { } problem) return new ProviderPut.Refused(problem);
        await connection.ExecuteAsync(new CommandDefinition(EnsureDefaultProvider.LockSql, transaction: transaction, cancellationToken: ct));
        var old = await ReadAsync(connection, transaction, name, ct);
        if (old is null && version is not null) return new ProviderPut.NoSuchProvider();
        if (old is not null && old.Version != version) return new ProviderPut.Stale(old.Version);
        var hasMoved = old is not null && (old.Kind != input.Kind || old.BaseUrl.GetLeftPart(UriPartial.Authority) != new Uri(input.BaseUrl).GetLeftPart(UriPartial.Authority));
        var parameters = new
        {
            name, hasMoved, input.Kind, input.BaseUrl, input.Enabled, input.ZeroRetention, regions = input.Regions.ToArray(), headers = JsonSerializer.Serialize(input.Headers),
            now = time.GetUtcNow(),
        };
        if (await connection.ExecuteAsync(new CommandDefinition(old is null ? InsertSql : UpdateSql, parameters, transaction, cancellationToken: ct)) == 0)
            return new ProviderPut.Stale(1); // somebody else made it at this moment
        if (input.Enabled) await connection.ExecuteAsync(new CommandDefinition(EnsureDefaultProvider.LeaveEmulatorSql, parameters, transaction, cancellationToken: ct));
        var wiped = hasMoved ? await connection.ExecuteAsync(new CommandDefinition(WipeSql, parameters, transaction, cancellationToken: ct)) : 0;
        await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);
        return new ProviderPut.Done((await ReadAsync(connection, transaction, name, ct))!, old, wiped);
    }

    static async Task<Provider?> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, CancellationToken ct) =>
        (await connection.QuerySingleOrDefaultAsync<ProviderRow>(new CommandDefinition(ReadSql, new { name }, transaction, cancellationToken: ct)))?.Provider;
}

public abstract record ProviderPut
{
    ProviderPut() { } // closed: the kinds below are all there are

    /// <param name="Before">Null when it is new.</param>
    /// <param name="WipedKeys">Keys that it lost because it moved to another host.</param>
    public sealed record Done(Provider Provider, Provider? Before, int WipedKeys) : ProviderPut;
    public sealed record NoSuchProvider : ProviderPut;

    /// <summary>Somebody else was quicker, or it is there already.</summary>
    public sealed record Stale(long Version) : ProviderPut;
    public sealed record Refused(string Problem) : ProviderPut;
}
