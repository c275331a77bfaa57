using Dapper;
using Npgsql;

namespace Routing.Learning;

/// <summary>A person fixes which models of a policy come first.</summary>
public sealed class PinRanks(TimeProvider time)
{
    const string PinSql = """
        insert into routing_ranks (policy, provider, model, position, reason, since, pinned_by)
        select @policy, provider, model, position, @reason, @now, @actor from unnest(@providers, @models) with ordinality as pinned (provider, model, position)
        """;

    /// <param name="models">At positions 1, 2, …; what was learned before is forgotten.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string policy, IReadOnlyList<(string Provider, string Slug)> models, string reason, string actor, CancellationToken ct)
    {
        await ClearRanks.RunAsync(connection, transaction, policy, ct);
        await connection.ExecuteAsync(new CommandDefinition(PinSql, new
        {
            policy, reason, actor, now = time.GetUtcNow(), providers = models.Select(m => m.Provider).ToArray(), models = models.Select(m => m.Slug).ToArray(),
        }, transaction, cancellationToken: ct));
    }
}
