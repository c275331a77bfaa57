using Dapper;
using Npgsql;

namespace Routing.Policies;

/// <summary>Policies and their versions as the table has them, unreadable ones too.</summary>
public sealed class ListPolicies(NpgsqlDataSource database)
{
    const string Columns = "p.policy, p.version, p.is_active, p.policy_config::text as policy_config, p.note, p.created_by, p.created_at";

    // The active version of each, or the latest where none is.
    const string ListSql = $"""
        select distinct on (p.policy) {Columns}, (select max(version) from routing_policies where policy = p.policy) as latest_version
        from routing_policies p
        where @after::text is null or p.policy > @after
        order by p.policy, p.is_active desc, p.version desc
        limit @count
        """;

    const string FindSql = $"""
        select {Columns}, (select max(version) from routing_policies where policy = p.policy) as latest_version
        from routing_policies p
        where p.policy = @name and (@version::integer is null or p.version = @version)
        order by p.is_active desc, p.version desc
        limit 1
        """;

    const string ActiveSql = "select max(version) from routing_policies where policy = @name and is_active";

    const string VersionsSql = """
        select version, is_active, note, created_by, created_at from routing_policies
        where policy = @name order by version desc limit @count
        """;

    /// <param name="after">The last name seen; null at the start.</param>
    public async Task<IReadOnlyList<ListedPolicy>> RunAsync(string? after, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ListedPolicy>(new CommandDefinition(ListSql, new { after, count }, cancellationToken: ct))];
    }

    /// <param name="version">Null: the active one, or the latest where none is.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<ListedPolicy?> FindAsync(string name, int? version, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ListedPolicy>(new CommandDefinition(FindSql, new { name, version }, cancellationToken: ct));
    }

    /// <returns>The version in force; null: none is.</returns>
    public async Task<int?> ActiveAsync(string name, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<int?>(new CommandDefinition(ActiveSql, new { name }, cancellationToken: ct));
    }

    /// <returns>Newest first.</returns>
    public async Task<IReadOnlyList<PolicyVersion>> VersionsAsync(string name, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<PolicyVersion>(new CommandDefinition(VersionsSql, new { name, count }, cancellationToken: ct))];
    }
}

/// <param name="PolicyConfig">As JSON.</param>
public sealed record ListedPolicy(string Policy, int Version, bool IsActive, string PolicyConfig, string Note, string CreatedBy, DateTimeOffset CreatedAt, int LatestVersion);

public sealed record PolicyVersion(int Version, bool IsActive, string Note, string CreatedBy, DateTimeOffset CreatedAt);
