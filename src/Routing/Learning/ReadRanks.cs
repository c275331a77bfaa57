using Dapper;
using Npgsql;

namespace Routing.Learning;

/// <summary>All ranks, by policy and position: few rows, for the snapshot and for people.</summary>
public sealed class ReadRanks(NpgsqlDataSource database)
{
    const string Sql = "select policy, provider, model, position, reason, since, pinned_by from routing_ranks order by policy, position";

    public async Task<ILookup<string, Rank>> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Rank>(new CommandDefinition(Sql, cancellationToken: ct))).ToLookup(r => r.Policy, StringComparer.Ordinal);
    }
}
