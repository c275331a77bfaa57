using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Catalog;

namespace Engine.Gateway;

/// <summary>Corrects a model and records who did, together.</summary>
public sealed class CorrectCatalog(NpgsqlDataSource database, CorrectModel correct, RecordAudit audit, ILogger<CorrectCatalog> log)
{
    public async Task<ModelCorrected> RunAsync(string provider, string slug, ModelCorrection correction, long version, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var outcome = await correct.RunAsync(connection, transaction, provider, slug, correction, version, actor, ct);
        if (outcome is not ModelCorrected.Done done) return outcome;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "model.correct", $"model:{provider}/{slug}", (JsonObject)done.Detail.DeepClone(), source), ct);
        await transaction.CommitAsync(ct);
        log.ModelCorrected(slug, provider, actor);
        return outcome;
    }
}
