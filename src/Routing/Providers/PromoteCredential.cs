using Dapper;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>
/// Moves keys between the slots of a provider: the staged one that a real call has shown to work into use, or back to where it was. All processes follow
/// within a second, and no call is without a key meanwhile.
/// </summary>
public sealed class PromoteCredential(TimeProvider time)
{
    const string LockSql = "select name from routing_providers where name = @provider for update";
    const string ReadSql = $"""
        select {Credential.Columns} from routing_credentials where provider = @provider and state <> 'retired'
        order by replaced_at desc nulls last, created_at desc
        """;
    const string ReplaceSql = "update routing_credentials set state = 'retiring', replaced_at = @now where credential_id = @id";
    const string UseSql = "update routing_credentials set state = 'active', promoted_at = @now, replaced_at = null where credential_id = @id";
    const string WipeSql = $"update routing_credentials set {Credential.Retire} where credential_id = @id";

    /// <summary>Puts the staged key into use; the one before retires once its calls have ended.</summary>
    public async Task<CredentialMoved> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, CancellationToken ct)
    {
        if (await ReadAsync(connection, transaction, provider, ct) is not { } keys) return new CredentialMoved.NoSuchProvider();
        if (keys.Find(k => k.State == CredentialStates.Staged) is not { } staged) return new CredentialMoved.NothingStaged();
        if (staged.VerifiedAt is null) return new CredentialMoved.NotVerified();
        var active = keys.Find(k => k.State == CredentialStates.Active);
        if (active is not null) await MoveAsync(ReplaceSql, active); // first: two may never be active
        await MoveAsync(UseSql, staged);
        await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);
        return new CredentialMoved.Done(staged, active);

        Task MoveAsync(string sql, Credential key) =>
            connection.ExecuteAsync(new CommandDefinition(sql, new { id = key.CredentialId, now = time.GetUtcNow() }, transaction, cancellationToken: ct));
    }

    /// <summary>Undoes a rotation: wipes a staged key, or else puts the key back into use that was replaced last and wipes the one that replaced it.</summary>
    public async Task<CredentialMoved> RollBackAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, CancellationToken ct)
    {
        if (await ReadAsync(connection, transaction, provider, ct) is not { } keys) return new CredentialMoved.NoSuchProvider();
        var old = keys.Find(k => k.State == CredentialStates.Retiring);
        if (keys.Find(k => k.State == CredentialStates.Staged) is { } staged)
        {
            await MoveAsync(WipeSql, staged);
            await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Providers);
            return new CredentialMoved.Done(keys.Find(k => k.State == CredentialStates.Active), staged);
        }
        if (old is null) return new CredentialMoved.NothingToUndo();
        var active = keys.Find(k => k.State == CredentialStates.Active);
        if (active is not null) await MoveAsync(WipeSql, active);
        await MoveAsync(UseSql, old);
        await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog, RoutingVersions.Providers);
        return new CredentialMoved.Done(old, active);

        Task MoveAsync(string sql, Credential key) =>
            connection.ExecuteAsync(new CommandDefinition(sql, new { id = key.CredentialId, now = time.GetUtcNow() }, transaction, cancellationToken: ct));
    }

    /// <returns>Null when there is no such provider.</returns>
    static async Task<List<Credential>?> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, CancellationToken ct)
    {
        if (await connection.ExecuteScalarAsync<string?>(new CommandDefinition(LockSql, new { provider }, transaction, cancellationToken: ct)) is null) return null;
        return [.. await connection.QueryAsync<Credential>(new CommandDefinition(ReadSql, new { provider }, transaction, cancellationToken: ct))];
    }
}

public abstract record CredentialMoved
{
    CredentialMoved() { } // closed: the kinds below are all there are

    /// <param name="InUse">The key that is active now; null: none is.</param>
    /// <param name="Left">The key that left its slot; null: there was none.</param>
    public sealed record Done(Credential? InUse, Credential? Left) : CredentialMoved;
    public sealed record NoSuchProvider : CredentialMoved;
    public sealed record NothingStaged : CredentialMoved;

    /// <summary>No call has shown yet that the staged key works.</summary>
    public sealed record NotVerified : CredentialMoved;
    public sealed record NothingToUndo : CredentialMoved;
}
