using System.Globalization;
using Crawlers.Logs.Counting;
using Crawlers.Logs.Events;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Alerts;

/// <summary>Many new errors of one service or release within minutes have one cause: one finding with the list, and what still comes is added to it.</summary>
public static class TellStorms
{
    // Roots only: what is known by other words is not new.
    const string CountSql = """
        select count(*) from error_fingerprints f
        where f.found_at > @since and f.group_key = f.fingerprint and case when @service::text is not null then f.service = @service when @release::text is not null then f.release = @release else f.service is null end
        """;

    const string OpenSql = """
        select f.finding_id from log_findings f join error_alerts a on a.rule_id = @ruleId and a.group_key = f.group_key
        where f.group_key = @group and f.kind = 'storm' and a.told_at > @since
        order by f.found_at desc limit 1
        """;

    const string TakeSql = """
        insert into error_alerts as a (rule_id, group_key, told_at, times) values (@ruleId, @group, @now, 1)
        on conflict (rule_id, group_key) do update set told_at = excluded.told_at, times = a.times + 1
        """;

    const string FindingSql = """
        insert into log_findings (finding_id, rule, kind, group_key, priority, title, reason, source_id, service, release, first_seen, last_seen, count, found_at)
        values (@findingId, @Name, 'storm', @group, @priority, @title, @reason, @sourceId, @service, @release, @firstSeen, @lastSeen, @count, @now)
        """;

    const string GrowSql = "update log_findings set count = count + @count, last_seen = greatest(last_seen, @lastSeen) where finding_id = @findingId";

    const string MembersSql = """
        insert into log_storm_members (finding_id, group_key, added_at) select @findingId, g, @now from unnest(@groups) g order by g
        on conflict (finding_id, group_key) do nothing
        """;

    /// <summary>In one commit.</summary>
    const int MostPlaces = 100;

    /// <param name="fresh">What would be told of for the first time.</param>
    /// <returns>How many findings were written, and which errors are in a storm.</returns>
    public static async Task<(int Findings, IReadOnlySet<string> Befallen)> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CrawlCommit commit, IReadOnlyList<Alert> fresh, IReadOnlyList<AlertRule> rules, DateTimeOffset now, CancellationToken ct)
    {
        var befallen = new HashSet<string>();
        var findings = 0;
        if (rules.FirstOrDefault(r => r.Kind == RuleKind.Storm) is not { } rule) return (0, befallen);
        foreach (var befell in Places(fresh))
        {
            var errors = fresh.Where(a => !befallen.Contains(a.Error.Group) && befell.Has(a)).ToList();
            if (errors.Count == 0) continue;
            var many = await connection.ExecuteScalarAsync<long>(new CommandDefinition(CountSql, new { since = now - rule.Span, befell.Service, befell.Release }, transaction, cancellationToken: ct));
            if (many < rule.Threshold) continue;
            befallen.UnionWith(errors.Select(e => e.Error.Group));
            findings += await TellAsync(connection, transaction, commit, rule, befell, errors, many, now, ct);
        }
        return (findings, befallen);
    }

    static async Task<int> TellAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CrawlCommit commit, AlertRule rule, Place befell, IReadOnlyList<Alert> errors, long many, DateTimeOffset now, CancellationToken ct)
    {
        var own = errors.Select(e => e.Error.Group).ToHashSet();
        var tallies = commit.Counted.Tallies.Where(t => own.Contains(t.Fingerprint.Key)).ToList();
        var (count, lastSeen) = (tallies.Sum(t => t.Count), tallies.Max(t => t.LastSeen));
        var group = $"storm:{befell.Name}";
        var open = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(OpenSql, new { rule.RuleId, group, since = now - rule.Cooldown }, transaction, cancellationToken: ct));
        var findingId = open ?? Guid.CreateVersion7(now);
        if (open is not null) await ExecuteAsync(GrowSql, new { findingId, count, lastSeen });
        else
        {
            await ExecuteAsync(TakeSql, new { rule.RuleId, group, now });
            var dropped = commit.Counted.Counts.DroppedErrors;
            await ExecuteAsync(FindingSql, new
            {
                now, findingId, rule.Name, group, priority = errors.Any(e => e.Error.Level == LogLevel.Critical) ? "critical" : rule.Priority, sourceId = commit.SourceId, befell.Service, befell.Release, count, lastSeen, firstSeen = tallies.Min(t => t.FirstSeen),
                title = $"Storm of new errors in {befell.Words}",
                reason = string.Create(CultureInfo.InvariantCulture, $"{many} new errors within {rule.Span.TotalMinutes:0} minutes{(dropped > 0 ? $"; {dropped} more events were of more kinds than are kept" : "")}."),
            });
        }
        await ExecuteAsync(MembersSql, new { findingId, now, groups = own.ToArray() });
        return open is null ? 1 : 0;

        Task ExecuteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    /// <summary>Where a storm may be: each service and release that has something new, and what has neither.</summary>
    static IEnumerable<Place> Places(IReadOnlyList<Alert> fresh)
    {
        foreach (var service in fresh.Select(a => a.Error.Service).OfType<string>().Distinct().Take(MostPlaces))
            yield return new Place($"service {service}", service, service, null, a => a.Error.Service == service);
        foreach (var release in fresh.Select(a => a.Error.Release).OfType<string>().Distinct().Take(MostPlaces))
            yield return new Place($"release {release}", release, null, release, a => a.Error.Release == release);
        yield return new Place("services without a name", "services without a name", null, null, a => a.Error.Service is null && a.Error.Release is null);
    }

    /// <param name="Name">Tells places apart.</param>
    sealed record Place(string Name, string Words, string? Service, string? Release, Func<Alert, bool> Has);
}
