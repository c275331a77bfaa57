using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Policies;

namespace Engine.Gateway;

/// <summary>Keeps a new version of a policy and records who made it, together.</summary>
public sealed class StorePolicy(SavePolicy save, RecordAudit audit)
{
    public async Task<PolicySaved> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, PolicyConfig config, string note, string actor, string? source,
        CancellationToken ct)
    {
        var outcome = await save.RunAsync(connection, transaction, name, config, note, actor, ct);
        if (outcome is not PolicySaved.Saved { IsNew: true } saved) return outcome;
        var details = new JsonObject { ["version"] = saved.Policy.Version };
        if (note.Length > 0) details["note"] = note;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "policy.save", $"policy:{name}", details, source), ct);
        return outcome;
    }
}
