using Dapper;
using Engine.Hosting;
using Npgsql;

namespace Engine.Access;

/// <summary>Writes an admin token to a file that only its owner can read, when the database has no usable one: the way in after the first start.</summary>
public sealed class FirstToken(NpgsqlDataSource database, TimeProvider time, CreateToken create)
{
    const string FileName = "admin-token";
    const long LockKey = 0x61646d696e; // "admin": engines that start together make one token between them

    public static string PathIn(string dataFolder) => Path.Combine(dataFolder, FileName);

    /// <returns>Whether a token was made.</returns>
    public async Task<bool> RunAsync(string dataFolder, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(@LockKey)", new { LockKey }, transaction, cancellationToken: ct));
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("""
            select exists (select from api_tokens where role = 'admin' and revoked_at is null and (expires_at is null or expires_at > @now))
            """, new { now = time.GetUtcNow() }, transaction, cancellationToken: ct))) return false;

        var (_, token) = await create.RunAsync(connection, transaction, "first admin", Roles.Admin, null, null, "engine", null, ct);
        // Before the commit: a token that nobody can read would lock everybody out, a file without its row is replaced at the next start.
        DataFolder.WriteSecret(PathIn(dataFolder), token.Text + "\n");
        await transaction.CommitAsync(ct);
        return true;
    }
}
