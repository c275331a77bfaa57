using Dapper;
using Npgsql;

namespace Routing.Providers;

/// <summary>Notes what a real call said of a staged key: taken, or refused, and then it is wiped. When nobody could say, it stays as it is.</summary>
public sealed class JudgeCredential(TimeProvider time)
{
    const string VerifySql = $"update routing_credentials set verified_at = @now where credential_id = @credentialId and state = 'staged' returning {Credential.Columns}";
    const string WipeSql = $"update routing_credentials set {Credential.Retire} where credential_id = @credentialId and state = 'staged' returning {Credential.Columns}";

    /// <returns>The key as it is now; null when it is not staged any more, or nothing is known.</returns>
    public async Task<Credential?> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ProviderTest test, CancellationToken ct)
    {
        if (test.Key is not { } key || !(test.IsWorking || test.IsRefused)) return null;
        return await connection.QuerySingleOrDefaultAsync<Credential>(new CommandDefinition(test.IsWorking ? VerifySql : WipeSql,
            new { credentialId = key.CredentialId, now = time.GetUtcNow() }, transaction, cancellationToken: ct));
    }
}
