using Dapper;
using Npgsql;

namespace Routing.Policies;

/// <summary>Puts a version of a policy in force, in the place of the one that the caller has seen there. All processes follow within a second.</summary>
public static class ActivatePolicy
{
    const string FindSql = "select policy_config::text from routing_policies where policy = @name and version = @version";

    const string ActiveSql = "select version from routing_policies where policy = @name and is_active";

    // Two statements: the index lets no two be active, not even for a moment.
    const string DeactivateSql = "update routing_policies set is_active = false where policy = @name and is_active";

    const string ActivateSql = "update routing_policies set is_active = true where policy = @name and version = @version";

    /// <param name="seen">The version that was in force when the caller decided; null: none was.</param>
    public static async Task<PolicyActivated> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, int version, int? seen, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(SavePolicy.LockSql, transaction: transaction, cancellationToken: ct));
        var key = new { name, version };
        if (await connection.ExecuteScalarAsync<string?>(new CommandDefinition(FindSql, key, transaction, cancellationToken: ct)) is not { } json) return new PolicyActivated.NoSuchVersion();
        var active = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(ActiveSql, key, transaction, cancellationToken: ct));
        if (active != seen) return new PolicyActivated.Stale(active);
        if (active == version) return new PolicyActivated.Activated(version, version);

        var reading = ReadPolicyConfig.Run(json); // what was right when it was saved may not be now
        var set = (await ReadPolicies.InAsync(connection, transaction, ct)).Set;
        var problems = reading.Config is { } config ? CheckPolicy.Problems(name, config, set).ToArray() : [.. reading.Problems];
        if (problems.Length > 0) return new PolicyActivated.Refused(problems);

        await connection.ExecuteAsync(new CommandDefinition(DeactivateSql, key, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(ActivateSql, key, transaction, cancellationToken: ct));
        return new PolicyActivated.Activated(active, version) { Config = reading.Config };
    }
}

public abstract record PolicyActivated
{
    PolicyActivated() { } // closed: the kinds below are all there are

    /// <param name="Before">The version that was in force until now; null: none was. The same when nothing had to be done.</param>
    public sealed record Activated(int? Before, int Version) : PolicyActivated
    {
        /// <summary>What is in force now; null when nothing had to be done.</summary>
        public PolicyConfig? Config { get; init; }
    }

    public sealed record NoSuchVersion : PolicyActivated;

    /// <summary>Somebody else was quicker.</summary>
    /// <param name="Active">What is in force; null: nothing is.</param>
    public sealed record Stale(int? Active) : PolicyActivated;

    public sealed record Refused(IReadOnlyList<string> Problems) : PolicyActivated;
}
