using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>Makes or changes a provider and records who did, together.</summary>
public sealed class ConfigureProvider(NpgsqlDataSource database, PutProvider put, RecordAudit audit, ILogger<ConfigureProvider> log)
{
    /// <param name="version">That the change was decided on; null: the provider is to be new.</param>
    public async Task<ProviderPut> RunAsync(string name, ProviderInput input, long? version, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var outcome = await put.RunAsync(connection, transaction, name, input, version, ct);
        if (outcome is not ProviderPut.Done done) return outcome;
        var details = new JsonObject { ["old"] = done.Before is { } before ? Of(before) : null, ["new"] = Of(done.Provider), ["wiped_keys"] = done.WipedKeys };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, done.Before is null ? "provider.create" : "provider.change", $"provider:{name}", details, source), ct);
        await transaction.CommitAsync(ct);
        log.ProviderChanged(name, done.Before is null ? "made" : "changed", actor);
        return outcome;
    }

    static JsonObject Of(Provider p) => new()
    {
        ["kind"] = p.Kind, ["base_url"] = p.BaseUrl.OriginalString, ["enabled"] = p.IsEnabled, ["zero_retention"] = p.IsZeroRetention,
        ["regions"] = new JsonArray([.. p.Regions.Select(r => (JsonNode)r)]), ["headers"] = new JsonArray([.. p.Headers.Keys.Order(StringComparer.Ordinal).Select(h => (JsonNode)h)]),
        ["version"] = p.Version,
    };
}
