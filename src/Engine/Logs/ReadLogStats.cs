using Crawlers.Logs.Alerts;
using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>How many errors there are, and how many came lately.</summary>
public sealed class ReadLogStats(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        select count(*) filter (where state = 'open') as open, count(*) filter (where state = 'muted') as muted, count(*) filter (where state = 'resolved') as resolved, count(*) filter (where found_at > @day) as fresh,
            (select coalesce(sum(count), 0)::bigint from error_counts where span = 'minute' and at > @hour) as last_hour,
            (select coalesce(sum(count), 0)::bigint from error_counts where span = 'hour' and at > @day) as last_day,
            (select coalesce(sum(dropped_errors), 0)::bigint from log_crawls) as dropped
        from error_groups
        """;

    const string TopSql = """
        select r.fingerprint, r.type, r.root_type, r.template, r.frames, sum(c.count)::bigint as count
        from error_counts c join error_fingerprints f using (fingerprint) join error_fingerprints r on r.fingerprint = f.group_key
        where c.span = 'hour' and c.at > @day group by r.fingerprint, r.type, r.root_type, r.template, r.frames order by count desc, r.fingerprint limit 10
        """;

    public async Task<LogStatsResponse> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var since = new { hour = now.AddHours(-1), day = now.AddDays(-1) };
        await using var connection = await database.OpenConnectionAsync(ct);
        var sums = await connection.QuerySingleAsync<Sums>(new CommandDefinition(Sql, since, cancellationToken: ct));
        var top = await connection.QueryAsync<Top>(new CommandDefinition(TopSql, since, cancellationToken: ct));
        return new LogStatsResponse(sums.Open, sums.Muted, sums.Resolved, sums.Fresh, sums.LastHour, sums.LastDay, sums.Dropped, [.. top.Select(t => new TopErrorResponse(t.Fingerprint, ErrorTitle.Of(t.Type, t.RootType, t.Template, t.Frames), t.Count))]);
    }

    sealed record Sums(long Open, long Muted, long Resolved, long Fresh, long LastHour, long LastDay, long Dropped);

    sealed record Top(string Fingerprint, string? Type, string? RootType, string Template, string[] Frames, long Count);
}
