using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Learning;

namespace Engine.Gateway;

/// <summary>A person's word on the order of a policy's models, and who gave it.</summary>
public sealed class SetRanks(NpgsqlDataSource database, PinRanks pin, RecordAudit audit, ILogger<SetRanks> log)
{
    public async Task PinAsync(string policy, IReadOnlyList<(string Provider, string Slug)> models, string reason, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await pin.RunAsync(connection, transaction, policy, models, reason, actor, ct);
        var details = new JsonObject { ["models"] = new JsonArray([.. models.Select(m => JsonValue.Create($"{m.Provider} {m.Slug}"))]), ["reason"] = reason };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "routing.pin", $"policy:{policy}", details, source), ct);
        await transaction.CommitAsync(ct);
        log.RanksPinned(actor, policy, models.Count);
    }

    /// <returns>False when there was nothing to clear.</returns>
    public async Task<bool> ClearAsync(string policy, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await ClearRanks.RunAsync(connection, transaction, policy, ct) == 0) return false;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "routing.clear", $"policy:{policy}", null, source), ct);
        await transaction.CommitAsync(ct);
        log.RanksCleared(actor, policy);
        return true;
    }
}
