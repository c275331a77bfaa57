using Dapper;
using Npgsql;

namespace Routing.Learning;

/// <summary>Forgets what was learned and pinned of a policy's order: its own holds until a move is learned anew.</summary>
public static class ClearRanks
{
    const string LockSql = "select pg_advisory_xact_lock(hashtextextended('routing_ranks ' || @policy, 0))";

    const string Sql = "delete from routing_ranks where policy = @policy";

    /// <returns>How many ranks there were.</returns>
    public static async Task<int> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string policy, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(LockSql, new { policy }, transaction, cancellationToken: ct));
        return await connection.ExecuteAsync(new CommandDefinition(Sql, new { policy }, transaction, cancellationToken: ct));
    }
}
