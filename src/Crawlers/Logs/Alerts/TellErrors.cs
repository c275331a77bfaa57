using Crawlers.Logs.Counting;
using Crawlers.Logs.Events;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Alerts;

/// <summary>
/// Writes findings about errors that were counted just now, in the same transaction: one for an error at most, whatever rules apply, none while the rule
/// is in its cooldown, and one for all that is new in a storm.
/// </summary>
public static class TellErrors
{
    const string RulesSql = "select rule_id, name, kind, threshold, span, factor, cooldown, priority, service, level from log_rules where is_enabled order by rule_id";

    // Who writes the row tells; another crawl that comes to the same result in this moment waits for it and finds it told.
    const string TakeSql = """
        insert into error_alerts as a (rule_id, group_key, told_at, times)
        select r.rule_id, r.group_key, @now, 1 from unnest(@rules, @groups, @cooldowns) r(rule_id, group_key, cooldown) order by 1, 2
        on conflict (rule_id, group_key) do update set told_at = excluded.told_at, times = a.times + 1
        where a.told_at + (select l.cooldown from log_rules l where l.rule_id = a.rule_id) <= excluded.told_at
        returning rule_id, group_key
        """;

    const string FindingsSql = """
        insert into log_findings (finding_id, rule, kind, group_key, priority, title, reason, source_id, service, release, first_seen, last_seen, count, found_at)
        select n.finding_id, n.rule, n.kind, n.group_key, n.priority, n.title, n.reason, @sourceId, n.service, n.release, s.first_seen, s.last_seen, s.count, @now
        from unnest(@ids, @names, @kinds, @groups, @priorities, @titles, @reasons, @services, @releases) n(finding_id, rule, kind, group_key, priority, title, reason, service, release)
        cross join lateral (
            select min(first_seen) as first_seen, max(last_seen) as last_seen, sum(count)::bigint as count from error_fingerprints f where f.group_key = n.group_key
        ) s
        """;

    const string ReopenSql = "update error_fingerprints set resolved_at = null, resolved_in = null, resolved_by = null where fingerprint = any(@groups)";

    /// <returns>How many findings were written.</returns>
    public static async Task<int> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CrawlCommit commit, IReadOnlyList<StoredError> errors, DateTimeOffset now, CancellationToken ct)
    {
        if (errors.Count == 0) return 0;
        var rules = (await connection.QueryAsync<RuleRow>(new CommandDefinition(RulesSql, transaction: transaction, cancellationToken: ct))).Select(r => r.Rule()).ToList();
        var known = await ReadFacts.RunAsync(connection, transaction, errors, rules, now, ct);
        var alerts = known.SelectMany(e => DecideAlerts.Run(e, rules)).ToList();
        var (storm, befallen) = await TellStorms.RunAsync(connection, transaction, commit, [.. alerts.Where(a => a.Error.IsNew && a.Rule.Kind is RuleKind.New or RuleKind.Critical).DistinctBy(a => a.Error.Group)], rules, now, ct);
        alerts.RemoveAll(a => befallen.Contains(a.Error.Group));
        if (alerts.Count == 0) return storm;

        var taken = (await connection.QueryAsync<(int RuleId, string Group)>(new CommandDefinition(TakeSql, new
        {
            now, rules = alerts.Select(a => a.Rule.RuleId).ToArray(), groups = alerts.Select(a => a.Error.Group).ToArray(), cooldowns = alerts.Select(a => a.Rule.Cooldown).ToArray(),
        }, transaction, cancellationToken: ct))).ToHashSet();
        // What is back in the cooldown of its rule stays resolved, and is told of when it comes again after that.
        await ExecuteAsync(ReopenSql, new { groups = alerts.Where(a => a.Rule.Kind == RuleKind.Regression && taken.Contains((a.Rule.RuleId, a.Error.Group))).Select(a => a.Error.Group).ToArray() });
        var told = alerts.Where(a => taken.Contains((a.Rule.RuleId, a.Error.Group))).DistinctBy(a => a.Error.Group).ToList(); // the weightiest of each
        var titles = errors.GroupBy(e => e.Group).ToDictionary(g => g.Key, g => ErrorTitle.Of(g.First().Fingerprint));
        await ExecuteAsync(FindingsSql, new
        {
            now, sourceId = commit.SourceId, ids = told.Select(_ => Guid.CreateVersion7(now)).ToArray(), names = told.Select(a => a.Rule.Name).ToArray(), kinds = told.Select(a => a.Rule.Kind).ToArray(),
            groups = told.Select(a => a.Error.Group).ToArray(), priorities = told.Select(a => a.Rule.Priority).ToArray(), titles = told.Select(a => titles[a.Error.Group]).ToArray(), reasons = told.Select(a => a.Reason).ToArray(),
            services = told.Select(a => a.Error.Service).ToArray(), releases = told.Select(a => a.Error.Release).ToArray(),
        });
        return storm + told.Count;

        Task ExecuteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    sealed record RuleRow(int RuleId, string Name, string Kind, int Threshold, TimeSpan Span, double Factor, TimeSpan Cooldown, string Priority, string? Service, short? Level)
    {
        public AlertRule Rule() => new(RuleId, Name, Kind, Threshold, Span, Factor, Cooldown, Priority, Service, (LogLevel?)Level);
    }
}
