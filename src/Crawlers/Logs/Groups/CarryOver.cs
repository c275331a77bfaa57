using Crawlers.Logs.Fingerprints;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Groups;

/// <summary>
/// After a change of the rules that make fingerprints: finds out under which new key each known error will come, from the samples that are kept of it, so that
/// an upgrade tells nobody of errors that are known. Done again it changes nothing.
/// </summary>
public sealed class CarryOver(NpgsqlDataSource database, TimeProvider time)
{
    const string OldSql = """
        select f.fingerprint, f.group_key, s.text
        from error_fingerprints f join error_samples s using (fingerprint)
        where f.version < @version order by f.count desc, f.fingerprint, s.slot
        """;

    // Of two errors that the new rules take for one the busier gives its name.
    const string AliasesSql = """
        insert into error_aliases (fingerprint, group_key, kind, reason, made_at, made_by)
        select n.fingerprint, n.group_key, 'version', 'version ' || @version || ' of the rules gives this key to what was ' || n.old, @now, 'engine'
        from unnest(@keys, @groups, @olds) n(fingerprint, group_key, old)
        where not exists (select from error_fingerprints f where f.fingerprint = n.fingerprint)
        order by n.fingerprint
        on conflict (fingerprint) where ended_at is null do nothing
        """;

    /// <param name="version">Of the rules by which keys are made now.</param>
    /// <param name="make">The key of an event's text by these rules.</param>
    /// <returns>How many new keys lead to known errors now.</returns>
    public async Task<int> RunAsync(int version, Func<string, string> make, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var carried = new Dictionary<string, (string Group, string Old)>();
        foreach (var (fingerprint, group, text) in await connection.QueryAsync<(string Fingerprint, string Group, string Text)>(new CommandDefinition(OldSql, new { version }, cancellationToken: ct)))
            if (make(text) is var key && key != fingerprint) carried.TryAdd(key, (group, fingerprint));
        if (carried.Count == 0) return 0;
        return await connection.ExecuteAsync(new CommandDefinition(AliasesSql, new
        {
            version, now = time.GetUtcNow(), keys = carried.Keys.ToArray(), groups = carried.Values.Select(c => c.Group).ToArray(), olds = carried.Values.Select(c => c.Old).ToArray(),
        }, cancellationToken: ct));
    }

    /// <summary>To the rules that this program has.</summary>
    public Task<int> RunAsync(CancellationToken ct)
    {
        var fingerprint = new FingerprintEvent();
        return RunAsync(Fingerprint.Version, text => fingerprint.Run(text).Key, ct);
    }
}
