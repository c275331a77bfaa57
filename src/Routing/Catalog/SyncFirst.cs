using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>Reads the models of a provider that was never synced; of processes that see that at the same time one does it.</summary>
public sealed class SyncFirst(NpgsqlDataSource database, SyncModels sync, TimeProvider time)
{
    /// <summary>Longer than a sync takes: by then whoever had the turn has failed, or is gone.</summary>
    static readonly TimeSpan Turn = TimeSpan.FromSeconds(40);

    const string Lacking = "name = @provider and enabled and synced_at is null";
    const string TakeTurnSql = $"update routing_providers set tried_at = @now where {Lacking} and (tried_at is null or tried_at <= @before)";
    const string IsLackingSql = $"select exists (select from routing_providers where {Lacking})";

    /// <returns>False: it still has no models, and should be looked at again.</returns>
    public async Task<bool> RunAsync(string provider, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var parameters = new { provider, now, before = now - Turn };
        await using var connection = await database.OpenConnectionAsync(ct);
        if (await connection.ExecuteAsync(new CommandDefinition(TakeTurnSql, parameters, cancellationToken: ct)) > 0) await sync.RunAsync(provider, force: false, ct);
        return !await connection.ExecuteScalarAsync<bool>(new CommandDefinition(IsLackingSql, parameters, cancellationToken: ct));
    }
}
