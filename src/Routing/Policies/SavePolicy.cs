using System.Text.Json;
using Dapper;
using Npgsql;

namespace Routing.Policies;

/// <summary>Keeps a policy as a new version; it is in force only once it is activated. Versions are never changed.</summary>
public sealed class SavePolicy(TimeProvider time)
{
    /// <summary>One at a time changes policies, so that what was checked still holds when it is written.</summary>
    internal const string LockSql = "select pg_advisory_xact_lock(hashtextextended('routing_policies', 0))";

    const string LatestSql = "select version, policy_config::text as policy_config from routing_policies where policy = @name order by version desc limit 1";

    const string InsertSql = """
        insert into routing_policies (policy, version, is_active, policy_config, note, created_by, created_at)
        values (@name, @version, false, @config::jsonb, @note, @actor, @now)
        """;

    /// <param name="note">Why it is changed; may be empty.</param>
    /// <param name="actor">Who changes it, as the audit log names them.</param>
    public async Task<PolicySaved> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, PolicyConfig config, string note, string actor, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(LockSql, transaction: transaction, cancellationToken: ct));
        var active = (await ReadPolicies.InAsync(connection, transaction, ct)).Set;
        if (CheckPolicy.Problems(name, config, active).ToArray() is { Length: > 0 } problems) return new PolicySaved.Refused(problems);

        var latest = await connection.QuerySingleOrDefaultAsync<LatestRow>(new CommandDefinition(LatestSql, new { name }, transaction, cancellationToken: ct));
        if (latest is not null && ReadPolicyConfig.Run(latest.PolicyConfig).Config is { } same && DiffPolicies.Changes(same, config).Count == 0)
            return new PolicySaved.Saved(new Policy(name, latest.Version, config), IsNew: false);

        var policy = new Policy(name, (latest?.Version ?? 0) + 1, config);
        await connection.ExecuteAsync(new CommandDefinition(InsertSql,
            new { name, policy.Version, config = JsonSerializer.Serialize(config, PolicyConfig.Json), note, actor, now = time.GetUtcNow() }, transaction, cancellationToken: ct));
        return new PolicySaved.Saved(policy, IsNew: true);
    }

    sealed record LatestRow(int Version, string PolicyConfig);
}

public abstract record PolicySaved
{
    PolicySaved() { } // closed: the kinds below are all there are

    /// <param name="IsNew">False when the latest version says the same: no other was made.</param>
    public sealed record Saved(Policy Policy, bool IsNew) : PolicySaved;

    public sealed record Refused(IReadOnlyList<string> Problems) : PolicySaved;
}
