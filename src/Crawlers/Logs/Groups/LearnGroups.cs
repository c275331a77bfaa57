using Crawlers.Logs.Fingerprints;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Groups;

/// <summary>
/// Sees that a fingerprint which was never seen is a known error with other values, before anybody is told of it. Keeps the wording of what was
/// seen last in memory; where there is too much of it, nothing is learned for a while. Safe for use by several threads.
/// </summary>
public sealed class LearnGroups(NpgsqlDataSource database)
{
    /// <summary>Those that were seen last are compared with; with more, comparing them would hold up the crawl.</summary>
    public const int MaxKnown = 5000;

    const string Sql = $"""
        select f.fingerprint, f.group_key, f.template, f.type, f.root_type, f.frames, f.chain, f.found_at,
            exists (select from error_aliases a where a.fingerprint = f.fingerprint and a.kind = 'split' and a.ended_at is null) as is_split
        from error_fingerprints f where f.version = @Version order by f.last_seen desc, f.fingerprint limit @MaxKnown
        """;

    const string KeysSql = "select fingerprint from error_fingerprints order by last_seen desc limit @most";

    readonly Lock guard = new();
    Dictionary<string, Member> known = [];
    List<Fingerprint> ways = []; // a trace's for each chain of frames

    /// <summary>Reads what all processes have stored; to be called at the start, and now and then for what others found and people decided.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(Sql, new { Fingerprint.Version, MaxKnown }, cancellationToken: ct))).ToList();
        var read = rows.ToDictionary(r => r.Fingerprint, r => new Member(r.GroupKey, r.FoundAt.UtcTicks, r.IsSplit));
        lock (guard)
        {
            var kept = ways.Where(w => read.ContainsKey(w.Key)).ToList();
            var have = kept.Select(w => w.Key).ToHashSet();
            kept.AddRange(rows.Where(r => !have.Contains(r.Fingerprint)).Select(r => new Fingerprint(r.Fingerprint, r.Template, r.Type, r.RootType, r.Frames) { Chain = r.Chain }));
            (known, ways) = (read, kept);
        }
    }

    /// <returns>The keys of stored fingerprints, those that were seen last.</returns>
    public async Task<IReadOnlyCollection<string>> ReadKeysAsync(int most, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(KeysSql, new { most }, cancellationToken: ct))];
    }

    /// <param name="seen">Fingerprints that are being counted, in the order in which they came.</param>
    /// <returns>Which belong to another group than their own, by what is known with them: of the fresh ones, and of those that they show to be one.</returns>
    public IReadOnlyList<LearnedGroup> Run(IEnumerable<Fingerprint> seen)
    {
        lock (guard)
        {
            var fresh = seen.Where(f => !known.ContainsKey(f.Key)).ToList();
            if (fresh.Count == 0 || known.Count + fresh.Count > 2 * MaxKnown) return [];
            var order = new Dictionary<string, Member>(known);
            foreach (var fingerprint in fresh) order.TryAdd(fingerprint.Key, new Member(fingerprint.Key, long.MaxValue - fresh.Count + order.Count - known.Count, false)); // after all that are known
            var learned = LearnAliases.From(ways.Concat(fresh).Where(f => !order[f.Key].IsSplit));
            var groups = new List<LearnedGroup>();
            foreach (var cluster in learned.Values.GroupBy(a => a.To))
            {
                var members = cluster.Select(a => a.From).Append(cluster.Key).Where(order.ContainsKey).ToList();
                var root = order[members.MinBy(m => order[m].Order)!].Group;
                var reasons = cluster.ToDictionary(a => a.From, a => a.Reason);
                var reason = cluster.First().Reason;
                groups.AddRange(members.Where(m => order[m].Group != root).DistinctBy(m => order[m].Group)
                    .Select(m => new LearnedGroup(order[m].Group, root, reasons.GetValueOrDefault(m, reason)))
                    .Where(l => order.GetValueOrDefault(l.Fingerprint) is not { IsSplit: true }));
            }
            return [.. groups.DistinctBy(g => g.Fingerprint)];
        }
    }

    /// <summary>They are stored, in these groups.</summary>
    /// <param name="learned">What was stored with them.</param>
    public void Add(IEnumerable<(Fingerprint Fingerprint, string Group)> stored, IReadOnlyList<LearnedGroup> learned, DateTimeOffset at)
    {
        lock (guard)
        {
            var now = at.UtcTicks;
            foreach (var moved in learned)
                foreach (var (key, member) in known.Where(k => k.Value.Group == moved.Fingerprint).ToList()) known[key] = member with { Group = moved.Group };
            foreach (var (fingerprint, group) in stored)
            {
                if (known.Count >= 2 * MaxKnown) return; // until they are read anew
                if (known.TryAdd(fingerprint.Key, new Member(group, now, false))) ways.Add(fingerprint);
                else known[fingerprint.Key] = known[fingerprint.Key] with { Group = group };
            }
        }
    }

    /// <param name="Order">When it was found: the earliest gives its group to the others.</param>
    sealed record Member(string Group, long Order, bool IsSplit);

    sealed record Row(string Fingerprint, string GroupKey, string Template, string? Type, string? RootType, string[] Frames, string[] Chain, DateTimeOffset FoundAt, bool IsSplit);
}

/// <param name="Fingerprint">With all that are in its group.</param>
/// <param name="Group">Where they belong from now on.</param>
public sealed record LearnedGroup(string Fingerprint, string Group, string Reason);
