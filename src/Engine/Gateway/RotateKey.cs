using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>
/// Changes the key of a provider without a moment without one: the new one is staged and tried by a real call, put into use, and taken back where that was
/// wrong. Each step is recorded with it.
/// </summary>
public sealed class RotateKey(NpgsqlDataSource database, StageCredential stage, TestProvider test, JudgeCredential judge, PromoteCredential promote, RecordAudit audit, ILogger<RotateKey> log)
{
    /// <summary>Stages a key and tries it. One that the provider refuses is wiped; one that nobody could try stays.</summary>
    /// <returns>What became of it, and what the provider said; no test where it was not staged.</returns>
    public async Task<(CredentialStaged Staged, ProviderTest? Test)> StageAsync(string provider, string key, string actor, string? source, CancellationToken ct)
    {
        CredentialStaged staged;
        await using (var connection = await database.OpenConnectionAsync(ct))
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            staged = await stage.RunAsync(connection, transaction, provider, key, actor, ct);
            if (staged is not CredentialStaged.Done done) return (staged, null);
            await RecordAsync(connection, transaction, "stage", "staged", done.Credential, actor, source, ct);
            await transaction.CommitAsync(ct);
        }
        return (staged, await TryAsync(provider, actor, source, ct));
    }

    /// <summary>Puts the staged key into use, tried before.</summary>
    /// <returns>What the provider said, where it had to be tried first.</returns>
    public async Task<(CredentialMoved Moved, ProviderTest? Test)> PromoteAsync(string provider, string actor, string? source, CancellationToken ct)
    {
        var moved = await MoveAsync(promote.RunAsync, "promote", "put into use", provider, actor, source, ct);
        if (moved is not CredentialMoved.NotVerified) return (moved, null);
        var tried = await TryAsync(provider, actor, source, ct);
        return (tried is { IsWorking: true } ? await MoveAsync(promote.RunAsync, "promote", "put into use", provider, actor, source, ct) : moved, tried);
    }

    public Task<CredentialMoved> RollBackAsync(string provider, string actor, string? source, CancellationToken ct) =>
        MoveAsync(promote.RollBackAsync, "roll_back", "in use after a way back", provider, actor, source, ct);

    async Task<CredentialMoved> MoveAsync(Func<NpgsqlConnection, NpgsqlTransaction, string, CancellationToken, Task<CredentialMoved>> move, string verb, string told,
        string provider, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var moved = await move(connection, transaction, provider, ct);
        if (moved is not CredentialMoved.Done done) return moved;
        var details = new JsonObject { ["in_use"] = done.InUse?.Fingerprint, ["left"] = done.Left?.Fingerprint };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, $"provider.key_{verb}", $"provider:{provider}", details, source), ct);
        await transaction.CommitAsync(ct);
        log.KeyMoved(done.InUse?.Fingerprint ?? "none", provider, told, actor);
        return moved;
    }

    async Task<ProviderTest?> TryAsync(string provider, string actor, string? source, CancellationToken ct)
    {
        var tried = await test.RunAsync(provider, CredentialStates.Staged, ct);
        if (tried is null) return null;
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        if (await judge.RunAsync(connection, transaction, tried, CancellationToken.None) is { } judged)
            await RecordAsync(connection, transaction, tried.IsWorking ? "verify" : "refuse", tried.IsWorking ? "taken by the provider" : "refused by the provider and wiped", judged,
                actor, source, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return tried;
    }

    async Task RecordAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string verb, string told, Credential key, string actor, string? source, CancellationToken ct)
    {
        var details = new JsonObject { ["key"] = key.Fingerprint, ["credential_id"] = $"{key.CredentialId}" };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, $"provider.key_{verb}", $"provider:{key.Provider}", details, source), ct);
        log.KeyMoved(key.Fingerprint, key.Provider, told, actor);
    }
}
