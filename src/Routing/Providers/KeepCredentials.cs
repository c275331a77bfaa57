using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Catalog;

namespace Routing.Providers;

/// <summary>
/// Wipes replaced keys once no call can use them any more: as long after their replacement as a call may take. At its start it seals those anew that lie under
/// an older key of the key ring, so that the older one can be taken out of it; once, because engines whose rings differ would undo it for each other.
/// </summary>
/// <param name="longestCall">How long a call may take at most.</param>
public sealed class KeepCredentials(NpgsqlDataSource database, KeyRing ring, TimeSpan longestCall, TimeProvider time, ILogger<KeepCredentials> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    const string RetireSql = $"update routing_credentials set {Credential.Retire} where state = 'retiring' and replaced_at <= @before returning provider, fingerprint";
    const string OldSql = "select credential_id, provider, key_id, nonce, sealed from routing_credentials where sealed is not null and key_id <> @current for update skip locked";
    const string SealSql = "update routing_credentials set key_id = @KeyId, nonce = @Nonce, sealed = @Text where credential_id = @credentialId";

    bool hasSealed, isFailing;

    /// <returns>How many were wiped, and how many were sealed anew.</returns>
    public async Task<(int Retired, int Sealed)> RunOnceAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var now = time.GetUtcNow();
        var retired = (await connection.QueryAsync<(string Provider, string Fingerprint)>(
            new CommandDefinition(RetireSql, new { now, before = now - longestCall }, transaction, cancellationToken: ct))).ToArray();
        var count = hasSealed ? 0 : await SealAnewAsync(connection, transaction, ct);
        if (retired.Length + count > 0) await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Providers);
        await transaction.CommitAsync(ct);
        hasSealed = true;
        foreach (var (provider, fingerprint) in retired) log.KeyRetired(provider, fingerprint);
        if (count > 0) log.SealedAnew(count, ring.CurrentId);
        return (retired.Length, count);
    }

    async Task<int> SealAnewAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
    {
        var count = 0;
        foreach (var row in await connection.QueryAsync<OldRow>(new CommandDefinition(OldSql, new { current = ring.CurrentId }, transaction, cancellationToken: ct)))
        {
            if (!ring.Has(row.KeyId)) continue; // another engine's, which has another ring: told where the key is wanted
            SealedKey anew;
            try
            {
                anew = ring.Seal(ring.Open(new SealedKey(row.KeyId, row.Nonce, row.Sealed), row.Provider, row.CredentialId), row.Provider);
            }
            catch (UnreadableKeyException)
            {
                continue; // told where the key is wanted
            }
            await connection.ExecuteAsync(new CommandDefinition(SealSql, new { credentialId = row.CredentialId, anew.KeyId, anew.Nonce, anew.Text }, transaction, cancellationToken: ct));
            count++;
        }
        return count;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for the first look
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // whatever it is: the keys in memory stay in use, and the next look may go better
            {
                if (!isFailing) log.KeepFailed(e);
                isFailing = true;
            }
            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    sealed record OldRow(Guid CredentialId, string Provider, string KeyId, byte[] Nonce, byte[] Sealed);
}
