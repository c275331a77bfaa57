using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Access;

/// <summary>Ends a token for good; a second revocation changes nothing and is no error.</summary>
public sealed class RevokeToken(NpgsqlDataSource database, TimeProvider time, RecordAudit audit, FindToken find)
{
    /// <returns>False when there is no such token.</returns>
    public async Task<bool> RunAsync(Guid tokenId, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var prefix = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "update api_tokens set revoked_at = @now where token_id = @tokenId and revoked_at is null returning prefix",
            new { tokenId, now = time.GetUtcNow() }, transaction, cancellationToken: ct));
        if (prefix is null)
            return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                "select exists (select from api_tokens where token_id = @tokenId)", new { tokenId }, transaction, cancellationToken: ct));
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "token.revoke", $"token:{prefix}", null, source), ct);
        await transaction.CommitAsync(ct);
        find.Forget();
        return true;
    }
}
