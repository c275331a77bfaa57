using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>
/// A number for each part of routing that processes keep in memory. Whoever changes a part counts its number up in the same transaction, as its last
/// statement: others wait for that row until the transaction ends.
/// </summary>
public static class RoutingVersions
{
    public const string Catalog = "catalog", Providers = "providers";

    const string CountSql = """
        insert into routing_versions as v (part, version)
        select part, 1 from unnest(@parts) part order by part
        on conflict (part) do update set version = v.version + 1
        """;

    public static Task CountAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct, params string[] parts) =>
        connection.ExecuteAsync(new CommandDefinition(CountSql, new { parts }, transaction, cancellationToken: ct));

    /// <returns>By part; what nobody has changed yet is absent and counts as 0.</returns>
    public static async Task<IReadOnlyDictionary<string, long>> ReadAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<(string Part, long Version)>(new CommandDefinition("select part, version from routing_versions", cancellationToken: ct)))
            .ToDictionary(v => v.Part, v => v.Version);
    }
}
