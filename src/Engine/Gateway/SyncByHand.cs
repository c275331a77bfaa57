using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Catalog;

namespace Engine.Gateway;

/// <summary>Syncs the models of providers because somebody asks for it, and records that.</summary>
public sealed class SyncByHand(NpgsqlDataSource database, SyncModels sync, RecordAudit audit)
{
    public async Task<IReadOnlyList<(string Provider, SyncOutcome Outcome)>> RunAsync(IEnumerable<string> providers, bool force, string actor, string? source, CancellationToken ct) =>
        await Task.WhenAll(providers.Select(async name => (name, await RunAsync(name, force, actor, source, ct))));

    async Task<SyncOutcome> RunAsync(string provider, bool force, string actor, string? source, CancellationToken ct)
    {
        var outcome = await sync.RunAsync(provider, force, ct);
        // After it: whether it changes anything is known only then, and what it changed has its own history.
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var details = new JsonObject { ["force"] = force, ["outcome"] = SyncModelsDuty.Told(outcome) };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "provider.sync", $"provider:{provider}", details, source), CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return outcome;
    }
}
