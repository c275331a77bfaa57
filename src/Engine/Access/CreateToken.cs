using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Access;

/// <summary>Makes a token; its text is returned once and stored nowhere.</summary>
public sealed class CreateToken(TimeProvider time, RecordAudit audit)
{
    const string Sql = """
        insert into api_tokens (token_id, prefix, secret_sha256, name, role, tenant, created_at, created_by, expires_at)
        values (@TokenId, @Prefix, @secretSha256, @Name, @Role, @Tenant, @CreatedAt, @CreatedBy, @ExpiresAt)
        """;

    /// <param name="actor">Who asks for it, as the audit log names them.</param>
    public async Task<(TokenRow Row, ApiToken Token)> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        string name, string role, string? tenant, DateTimeOffset? expiresAt, string actor, string? source, CancellationToken ct)
    {
        var token = ApiToken.Create();
        var now = time.GetUtcNow();
        var row = new TokenRow(Guid.CreateVersion7(now), token.Prefix, name, role, tenant, now, actor, expiresAt, null, null);
        await connection.ExecuteAsync(new CommandDefinition(Sql, new
        {
            row.TokenId, row.Prefix, secretSha256 = token.Sha256(), row.Name, row.Role, row.Tenant, row.CreatedAt, row.CreatedBy, row.ExpiresAt,
        }, transaction, cancellationToken: ct));
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "token.create", $"token:{row.Prefix}",
            new() { ["name"] = name, ["role"] = role, ["tenant"] = tenant, ["expires_at"] = expiresAt?.ToString("O") }, source), ct);
        return (row, token);
    }
}

/// <summary>A token as operators may see it.</summary>
public sealed record TokenRow(Guid TokenId, string Prefix, string Name, string Role, string? Tenant, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt);
