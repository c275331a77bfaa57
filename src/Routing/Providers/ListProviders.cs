using Dapper;
using Npgsql;

namespace Routing.Providers;

/// <summary>Providers by name, with their keys as people may see them, and how their models were last synced.</summary>
public sealed class ListProviders(NpgsqlDataSource database)
{
    const string Sql = $"""
        select {ProviderRow.Columns}, (select count(*) from routing_models m where m.provider = routing_providers.name and m.gone_at is null) as models,
            updated_at, tried_at, synced_at, sync_problem
        from routing_providers
        where (@name::text is null or name = @name) and (@after::text is null or name > @after)
        order by name
        limit @count
        """;
    const string CredentialsSql = $"""
        select {Credential.Columns} from routing_credentials
        where provider = any(@names) and state <> 'retired'
        order by provider, created_at, credential_id
        """;

    /// <param name="after">The last name seen; null at the start.</param>
    public Task<IReadOnlyList<ListedProvider>> RunAsync(string? after, int count, CancellationToken ct) => RunAsync(null, after, count, ct);

    /// <returns>Null when there is none of that name.</returns>
    public async Task<ListedProvider?> FindAsync(string name, CancellationToken ct) => (await RunAsync(name, null, 1, ct)).SingleOrDefault();

    async Task<IReadOnlyList<ListedProvider>> RunAsync(string? name, string? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = (await connection.QueryAsync<ProviderRow, SyncRow, (ProviderRow Row, SyncRow Sync)>(
            new CommandDefinition(Sql, new { name, after, count }, cancellationToken: ct), (row, sync) => (row, sync), splitOn: "models")).ToArray();
        var keys = (await connection.QueryAsync<Credential>(new CommandDefinition(CredentialsSql, new { names = rows.Select(r => r.Row.Name).ToArray() }, cancellationToken: ct)))
            .ToLookup(c => c.Provider);
        return [.. rows.Select(r => new ListedProvider(r.Row.Provider, [.. keys[r.Row.Name]], r.Sync.Models, r.Sync.UpdatedAt, r.Sync.TriedAt, r.Sync.SyncedAt, r.Sync.SyncProblem))];
    }

    sealed record SyncRow(long Models, DateTimeOffset UpdatedAt, DateTimeOffset? TriedAt, DateTimeOffset? SyncedAt, string? SyncProblem);
}

/// <param name="Credentials">Those that are not wiped.</param>
/// <param name="Models">That it lists.</param>
/// <param name="TriedAt">When its models were last asked for; null: never.</param>
/// <param name="SyncedAt">When the list that counts was asked for; null: never.</param>
/// <param name="SyncProblem">Why the last try failed; null when it did not.</param>
public sealed record ListedProvider(Provider Provider, IReadOnlyList<Credential> Credentials, long Models, DateTimeOffset UpdatedAt, DateTimeOffset? TriedAt,
    DateTimeOffset? SyncedAt, string? SyncProblem);
