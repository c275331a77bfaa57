using Dapper;
using Npgsql;

namespace Crawlers.Logs.Groups;

/// <summary>Works out anew which error each fingerprint belongs to, by the aliases that hold, after one was made or taken back.</summary>
public static class RegroupErrors
{
    const string Sql = """
        with recursive walk (fingerprint, root, steps) as (
            select fingerprint, fingerprint, 0 from error_fingerprints where group_key = any(@groups)
            union all
            select w.fingerprint, a.group_key, w.steps + 1 from walk w join error_aliases a on a.fingerprint = w.root and a.ended_at is null and a.group_key <> a.fingerprint where w.steps < 100
        ), roots as (
            select distinct on (fingerprint) fingerprint, root from walk order by fingerprint, steps desc
        )
        update error_fingerprints f set group_key = r.root from roots r where f.fingerprint = r.fingerprint and f.group_key <> r.root
        """;

    /// <summary>Aliases are made by one at a time, until the end of the transaction: each is decided on by what the others say.</summary>
    public static async Task LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct) =>
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtext('error_aliases'))", transaction: transaction, cancellationToken: ct));

    /// <param name="groups">Those whose fingerprints may belong elsewhere now.</param>
    public static async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<string> groups, CancellationToken ct) =>
        await connection.ExecuteAsync(new CommandDefinition(Sql, new { groups = groups.ToArray() }, transaction, cancellationToken: ct));
}
