using Dapper;
using Npgsql;

namespace Routing.Policies;

/// <summary>Reads the policies in force. The revision is for looking whether anything has changed: it is computed from the rows, so that a change by SQL counts too.</summary>
public sealed class ReadPolicies(NpgsqlDataSource database)
{
    const string RevisionSql = """
        select hashtextextended(
            coalesce((select string_agg(policy || ' ' || version, ',' order by policy) from routing_policies where is_active), '') || ';'
            || coalesce((select string_agg(task_type || ' ' || policy || ' ' || coalesce(preference, ''), ',' order by task_type) from routing_task_types), ''), 0)
        """;

    const string PoliciesSql = "select policy, version, policy_config::text as policy_config from routing_policies where is_active order by policy";

    const string TaskTypesSql = "select task_type, policy, preference from routing_task_types order by task_type";

    /// <returns>A number that is another one when a policy was activated or a task type changed.</returns>
    public async Task<long> RevisionAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(RevisionSql, cancellationToken: ct));
    }

    public async Task<ReadSet> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await InAsync(connection, null, ct);
    }

    public static async Task<ReadSet> InAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct)
    {
        // The revision first: what changes between the queries is then read again at the next look.
        var revision = await connection.ExecuteScalarAsync<long>(new CommandDefinition(RevisionSql, transaction: transaction, cancellationToken: ct));
        var policies = await connection.QueryAsync<PolicyRow>(new CommandDefinition(PoliciesSql, transaction: transaction, cancellationToken: ct));
        var types = await connection.QueryAsync<TaskTypeRow>(new CommandDefinition(TaskTypesSql, transaction: transaction, cancellationToken: ct));
        var read = new List<Policy>();
        var unreadable = new List<UnreadablePolicy>();
        foreach (var row in policies)
        {
            var reading = ReadPolicyConfig.Run(row.PolicyConfig);
            if (reading.Config is { } config) read.Add(new Policy(row.Policy, row.Version, config));
            else unreadable.Add(new UnreadablePolicy(row.Policy, row.Version, string.Join(" ", reading.Problems)));
        }
        return new ReadSet(PolicySet.Of(read, types.Select(t => new TaskType(t.TaskType, t.Policy, t.Preference))), revision, unreadable);
    }

    sealed record PolicyRow(string Policy, int Version, string PolicyConfig);

    sealed record TaskTypeRow(string TaskType, string Policy, string? Preference);
}

/// <param name="Unreadable">Active versions that were put into the table past all checks; they are not in the set.</param>
public sealed record ReadSet(PolicySet Set, long Revision, IReadOnlyList<UnreadablePolicy> Unreadable);

public sealed record UnreadablePolicy(string Name, int Version, string Problem);
