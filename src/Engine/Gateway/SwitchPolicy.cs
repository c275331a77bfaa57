using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Audit;
using Npgsql;
using Routing.Budgets;
using Routing.Policies;
using Routing.Selection;

namespace Engine.Gateway;

/// <summary>Puts a version of a policy in force, its limit for a task with it, and records who did and what that changes, together.</summary>
public sealed class SwitchPolicy(NpgsqlDataSource database, ListPolicies list, FollowPolicyLimit follow, RecordAudit audit, KeepSnapshot snapshot, ILogger<SwitchPolicy> log)
{
    const int MostChanges = 40, MostChars = 120; // an entry has 64 KiB

    /// <param name="seen">The version that was in force when the caller decided; null: none was.</param>
    public async Task<PolicyActivated> RunAsync(string name, int version, int? seen, string actor, string? source, CancellationToken ct)
    {
        var (before, after) = (seen is { } old ? await list.FindAsync(name, old, ct) : null, await list.FindAsync(name, version, ct)); // versions never change
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var outcome = await ActivatePolicy.RunAsync(connection, transaction, name, version, seen, ct);
        if (outcome is not PolicyActivated.Activated activated || activated.Before == version) return outcome;
        var limit = await follow.RunAsync(connection, transaction, name, activated.Config!.MaxCostPerTaskUsd, actor, ct);
        var details = new JsonObject
        {
            ["from"] = activated.Before, ["to"] = version, ["changes"] = Changes(before, after), ["task_budget"] = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{limit}"),
        };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "policy.activate", $"policy:{name}", details, source), ct);
        await transaction.CommitAsync(ct);
        snapshot.Wake();
        log.PolicySwitched(name, version, activated.Before, actor);
        return outcome;
    }

    static JsonArray Changes(ListedPolicy? before, ListedPolicy? after)
    {
        if (after is null || ReadPolicyConfig.Run(after.PolicyConfig).Config is not { } config) return [];
        var changes = DiffPolicies.Changes(before is null ? null : ReadPolicyConfig.Run(before.PolicyConfig).Config, config);
        return [.. changes.Take(MostChanges).Select(c => new JsonObject { ["path"] = Cut(c.Path), ["before"] = Cut(c.Before), ["after"] = Cut(c.After) })];
    }

    static string? Cut(string? text) => text?.Length > MostChars ? text[..MostChars] + "…" : text;
}
