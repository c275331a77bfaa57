using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>All breakers that were ever open, as the table has them.</summary>
public sealed class ListBreakers(NpgsqlDataSource database)
{
    const string Sql = """
        select provider, model, state, is_out, reason, changed_at, retry_at, openings from routing_breakers
        where (provider, model) > (@provider, @model) order by provider, model limit @count
        """;

    /// <param name="after">The last one seen; null at the start.</param>
    public async Task<IReadOnlyList<Breaker>> RunAsync((string Provider, string Model)? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<Breaker>(new CommandDefinition(Sql,
            new { provider = after?.Provider ?? "", model = after?.Model ?? "", count }, cancellationToken: ct))];
    }
}

/// <param name="Model">Empty for the whole provider.</param>
/// <param name="State">closed (it works again), open or probing.</param>
/// <param name="IsOut">The provider refuses our key or our money.</param>
/// <param name="RetryAt">When it is tried at the earliest; null unless it is open.</param>
/// <param name="Openings">How often it opened in a row.</param>
public sealed record Breaker(string Provider, string Model, string State, bool IsOut, string Reason, DateTimeOffset ChangedAt, DateTimeOffset? RetryAt, int Openings);
