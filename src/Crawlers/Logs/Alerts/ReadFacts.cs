using Crawlers.Logs.Counting;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Alerts;

/// <summary>What the rules want to know of errors that were counted just now, in the transaction that counted them.</summary>
public static class ReadFacts
{
    /// <summary>Lines that were on their way when somebody said that the error is resolved are no return.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    // Back: later than the resolution, and, where it names a release, not from a release that had the error before.
    const string GroupsSql = """
        select g.group_key, r.service, r.resolved_by,
            coalesce(r.resolved_at is not null and g.last_seen > r.resolved_at + @Grace and (r.resolved_in is null or exists (
                select from error_origins o join error_fingerprints m using (fingerprint)
                where m.group_key = g.group_key and o.release <> '' and o.first_seen > r.resolved_at)
                or not exists (select from error_origins o join error_fingerprints m using (fingerprint) where m.group_key = g.group_key and o.release <> '')), false) as is_back,
            exists (select from error_mutes u where u.group_key = g.group_key and u.ended_at is null and (u.until is null or u.until > @now)
                and (u.until_release is null or not exists (
                    select from error_origins o join error_fingerprints m using (fingerprint) where m.group_key = g.group_key and o.release = u.until_release))) as is_muted
        from unnest(@groups, @lasts) g(group_key, last_seen)
        join error_fingerprints r on r.fingerprint = g.group_key
        """;

    /// <summary>Of an error, the newest, and in all: what was read of long ago in one go is looked at in part.</summary>
    const int MostMinutes = 60, MostAsked = 5000;

    // Each error is looked up by itself: statistics of tables that have just grown from nothing would lead the planner to read them whole, for each.
    const string PlanSql = "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off";

    // The window of a rule: of spikes before the minute, of the others with it.
    const string MinutesSql = """
        select m.group_key, m.at, n.count, r.rule_id, w.sum, w.active, w.oldest
        from unnest(@groups, @ats) m(group_key, at)
        cross join unnest(@rules, @windows, @before) r(rule_id, span, is_before)
        cross join lateral (
            select coalesce(sum(c.count), 0)::bigint as count
            from error_fingerprints f join error_counts c on c.fingerprint = f.fingerprint and c.span = 'minute' and c.at = m.at
            where f.group_key = m.group_key
        ) n
        cross join lateral (
            select coalesce(sum(c.count), 0)::bigint as sum, count(distinct c.at) as active, min(c.at) as oldest
            from error_fingerprints f join error_counts c on c.fingerprint = f.fingerprint and c.span = 'minute' and c.at >= m.at - r.span and (c.at < m.at or (c.at = m.at and not r.is_before))
            where f.group_key = m.group_key
        ) w
        """;

    /// <param name="rules">Those that are on.</param>
    /// <returns>Of errors that are not muted.</returns>
    public static async Task<IReadOnlyList<ErrorFacts>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<StoredError> errors, IReadOnlyList<AlertRule> rules, DateTimeOffset now, CancellationToken ct)
    {
        var groups = errors.GroupBy(e => e.Group).ToDictionary(g => g.Key, g => g.ToList());
        var states = (await connection.QueryAsync<State>(new CommandDefinition(GroupsSql, new
        {
            now, Grace, groups = groups.Keys.ToArray(), lasts = groups.Values.Select(g => g.Max(e => e.LastSeen)).ToArray(),
        }, transaction, cancellationToken: ct))).ToDictionary(s => s.GroupKey);
        var loud = groups.Where(g => states.TryGetValue(g.Key, out var state) && !state.IsMuted).ToList();
        var minutes = await ReadMinutesAsync(connection, transaction, loud, [.. rules.Where(IsWindowed)], ct);
        return [.. loud.Select(g => new ErrorFacts(g.Key, g.Value.Any(e => e.IsNew && e.Fingerprint.Key == g.Key), g.Value.Max(e => e.Level), g.Value[0].Service ?? states[g.Key].Service, g.Value[0].Release, [.. g.Value.SelectMany(e => e.Services).DefaultIfEmpty(states[g.Key].Service).Distinct()],
            states[g.Key].IsBack, states[g.Key].ResolvedBy, minutes.GetValueOrDefault(g.Key, [])))];
    }

    static bool IsWindowed(AlertRule rule) => rule.Kind is RuleKind.Spike or RuleKind.Sustained or RuleKind.Rate;

    static async Task<Dictionary<string, List<MinuteFacts>>> ReadMinutesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<KeyValuePair<string, List<StoredError>>> groups, IReadOnlyList<AlertRule> rules, CancellationToken ct)
    {
        // What is new is told as that, whatever else applies to it.
        var asked = groups.Where(g => !g.Value.Any(e => e.IsNew && e.Fingerprint.Key == g.Key))
            .SelectMany(g => g.Value.SelectMany(e => e.Minutes).Distinct().OrderDescending().Take(MostMinutes).Select(at => (Group: g.Key, At: at))).Take(MostAsked).ToList();
        if (asked.Count == 0 || rules.Count == 0) return [];
        await connection.ExecuteAsync(new CommandDefinition(PlanSql, transaction: transaction, cancellationToken: ct));
        var rows = await connection.QueryAsync<Minute>(new CommandDefinition(MinutesSql, new
        {
            groups = asked.Select(a => a.Group).ToArray(), ats = asked.Select(a => a.At).ToArray(),
            rules = rules.Select(r => r.RuleId).ToArray(), windows = rules.Select(DecideAlerts.Window).ToArray(), before = rules.Select(r => r.Kind == RuleKind.Spike).ToArray(),
        }, transaction, cancellationToken: ct));
        return rows.GroupBy(r => r.GroupKey).ToDictionary(g => g.Key, g => g.GroupBy(r => r.At).OrderBy(m => m.Key)
            .Select(m => new MinuteFacts(m.Key, m.First().Count, m.ToDictionary(r => r.RuleId, r => new WindowFacts(r.Sum, r.Active, r.Oldest)))).ToList());
    }

    sealed record State(string GroupKey, string? Service, string? ResolvedBy, bool IsBack, bool IsMuted);

    sealed record Minute(string GroupKey, DateTimeOffset At, long Count, int RuleId, long Sum, long Active, DateTimeOffset? Oldest);
}
