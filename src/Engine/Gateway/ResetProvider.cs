using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>Lets a provider be called again because a person says so, and keeps who it was.</summary>
public sealed class ResetProvider(NpgsqlDataSource database, ResetBreakers reset, RecordAudit audit, ILogger<ResetProvider> log)
{
    /// <param name="model">Null: the provider with all its models.</param>
    /// <returns>What stood still until now; none: nothing did, and nothing was recorded.</returns>
    public async Task<IReadOnlyList<ResetBreaker>> RunAsync(string provider, string? model, string? reason, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var closed = await reset.RunAsync(connection, transaction, provider, model, ct);
        if (closed.Count == 0) return closed;
        var details = new JsonObject
        {
            ["breakers"] = new JsonArray([.. closed.Take(100).Select(b => new JsonObject { ["model"] = b.Model, ["state"] = b.State, ["because"] = b.Reason })]),
        };
        if (reason is not null) details["reason"] = reason;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "routing.reset", $"provider:{provider}", details, source), ct);
        await transaction.CommitAsync(ct);
        log.ProviderReset(actor, provider, closed.Count);
        return closed;
    }
}
