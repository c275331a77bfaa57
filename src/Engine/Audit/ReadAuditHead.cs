using Dapper;
using Npgsql;

namespace Engine.Audit;

/// <summary>The last link of the chain as the database has it.</summary>
public sealed class ReadAuditHead(NpgsqlDataSource database)
{
    const string Sql = "select position, chain_hash, chained_at from audit_chain order by position desc limit 1";

    /// <returns><see cref="AuditHead.Genesis"/> before the first link.</returns>
    public async Task<AuditHead> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<LastLink>(new CommandDefinition(Sql, cancellationToken: ct)) is { } last
            ? AuditHead.Of(last.Position, last.ChainHash, last.ChainedAt) : AuditHead.Genesis;
    }

    sealed record LastLink(long Position, byte[] ChainHash, DateTimeOffset ChainedAt);
}
