using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>What the ledger says that was spent.</summary>
public sealed class LedgerSums(NpgsqlDataSource database)
{
    const string Sql = "select coalesce(sum(cost_usd), 0) from model_selections where provider = @provider and requested_at >= @from and requested_at < @to";

    /// <summary>By the time the calls were asked for.</summary>
    public async Task<decimal> SpentAsync(string provider, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<decimal>(new CommandDefinition(Sql, new { provider, from, to }, cancellationToken: ct));
    }
}
