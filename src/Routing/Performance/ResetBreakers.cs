using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>Lets a provider or one of its models be called again at once, because a person has looked.</summary>
public sealed class ResetBreakers(TimeProvider time)
{
    const string Sql = """
        with reset as (
            update routing_breakers b set state = 'closed', is_out = false, changed_at = @now, retry_at = null, openings = 0, good_probes = 0, probe_ticket = null, probe_until = null
            from (select provider, model, state from routing_breakers where provider = @provider and model = coalesce(@model, model) and state <> 'closed' for update) before
            where b.provider = before.provider and b.model = before.model
            returning b.provider, b.model, before.state, b.reason
        )
        select provider, model, state, reason from reset, lateral (select pg_notify(@Channel, '')) told
        """;

    /// <param name="model">Null: the provider and all its models; empty: the provider as a whole only.</param>
    /// <returns>What stood still until now; other processes know within a second.</returns>
    public async Task<IReadOnlyList<ResetBreaker>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, string? model, CancellationToken ct) =>
        [.. await connection.QueryAsync<ResetBreaker>(new CommandDefinition(Sql, new { provider, model, now = time.GetUtcNow(), Breakers.Channel }, transaction, cancellationToken: ct))];
}

/// <param name="State">That it was in.</param>
public sealed record ResetBreaker(string Provider, string Model, string State, string Reason);
