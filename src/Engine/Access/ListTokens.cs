using Dapper;
using Npgsql;

namespace Engine.Access;

/// <summary>Tokens, newest first, revoked and expired ones too.</summary>
public sealed class ListTokens(NpgsqlDataSource database)
{
    /// <param name="after">Creation time and id of the last token seen; null at the start.</param>
    public async Task<IReadOnlyList<TokenRow>> RunAsync((DateTimeOffset CreatedAt, Guid TokenId)? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<TokenRow>(new CommandDefinition("""
            select token_id, prefix, name, role, tenant, created_at, created_by, expires_at, revoked_at, last_used_at
            from api_tokens
            where @createdAt::timestamptz is null or (created_at, token_id) < (@createdAt, @tokenId)
            order by created_at desc, token_id desc
            limit @count
            """, new { createdAt = after?.CreatedAt, tokenId = after?.TokenId, count }, cancellationToken: ct))];
    }
}
