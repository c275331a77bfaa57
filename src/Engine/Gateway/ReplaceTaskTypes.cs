using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Policies;
using Routing.Selection;

namespace Engine.Gateway;

/// <summary>Replaces the table of task types and records who did and which rows differ, together.</summary>
public sealed class ReplaceTaskTypes(NpgsqlDataSource database, RecordAudit audit, KeepSnapshot snapshot, ILogger<ReplaceTaskTypes> log)
{
    /// <param name="seen">The mark of the table that the change was decided on.</param>
    public async Task<TaskTypesSet> RunAsync(IReadOnlyList<TaskType> types, long seen, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var outcome = await SetTaskTypes.RunAsync(connection, transaction, types, seen, ct);
        if (outcome is not TaskTypesSet.Done done || done.Before.SequenceEqual(done.After)) return outcome;
        var details = new JsonObject { ["old"] = Rows(done.Before.Except(done.After)), ["new"] = Rows(done.After.Except(done.Before)) };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "task_types.replace", "task_types", details, source), ct);
        await transaction.CommitAsync(ct);
        snapshot.Wake();
        log.TaskTypesReplaced(done.After.Count, actor);
        return outcome;
    }

    static JsonObject Rows(IEnumerable<TaskType> types) =>
        new(types.Select(t => KeyValuePair.Create(t.Name, (JsonNode?)(t.Preference is null ? t.Policy : $"{t.Policy}, {t.Preference}"))));
}
