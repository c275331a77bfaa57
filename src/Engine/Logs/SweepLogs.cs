using Crawlers.Logs.Groups;
using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>Looks after what crawls leave: deletes and ends what has served its time, learns what other processes have found, and notices sources that have stopped.</summary>
public sealed class SweepLogs(NpgsqlDataSource database, LearnGroups learn, LogsSettings settings, TimeProvider time)
{
    const int Busy = 12, Quiet = 2;
    static readonly TimeSpan Minutes = TimeSpan.FromDays(8), Hours = TimeSpan.FromDays(100), Carries = TimeSpan.FromDays(30), Unread = TimeSpan.FromMinutes(1);

    const string CountsSql = "delete from error_counts where (span = 'minute' and at < @minutes) or (span = 'hour' and at < @hours)";

    const string EventsSql = "delete from error_events where stored_at < @events";

    const string ErrorsSql = """
        delete from error_fingerprints f where greatest(f.last_seen, f.found_at) < @errors
            and not exists (select from log_findings n where n.group_key = f.group_key and n.closed_at is null)
            and not exists (select from error_fingerprints m where m.group_key = f.group_key and greatest(m.last_seen, m.found_at) >= @errors)
        """;

    const string CarriesSql = "delete from log_carries where changed_at < @carries";

    const string MutesSql = """
        update error_mutes u set ended_at = @now, ended_by = 'engine'
        where u.ended_at is null and (u.until <= @now or exists (
            select from error_origins o join error_fingerprints f using (fingerprint) where f.group_key = u.group_key and o.release = u.until_release))
        """;

    // An error that was forgotten gives its group to nobody.
    const string AliasesSql = "update error_aliases a set ended_at = @now, ended_by = 'engine' where a.ended_at is null and not exists (select from error_fingerprints f where f.fingerprint = a.group_key)";

    // Two crawls may have counted and learned past each other.
    const string UngroupedSql = """
        select distinct f.group_key from error_aliases a join error_fingerprints f using (fingerprint) join error_fingerprints t on t.fingerprint = a.group_key
        where a.ended_at is null and f.group_key <> t.group_key
        """;

    const string FindingsSql = "delete from log_findings where closed_at < @errors";

    // A source that brought something in every sweep of an hour, and then in none of two.
    const string SourcesSql = """
        with swept as (
            update log_crawls c set swept_lines = lines,
                busy_sweeps = case when lines > swept_lines and quiet_sweeps = 0 then busy_sweeps + 1 when lines > swept_lines then 1 else busy_sweeps end,
                quiet_sweeps = case when lines > swept_lines then 0 else quiet_sweeps + 1 end
            returning c.source_id, c.busy_sweeps, c.quiet_sweeps, c.problem, c.read_at, c.lease_until
        )
        select s.name, w.busy_sweeps >= @Busy and w.quiet_sweeps = @Quiet as is_quiet_or_null, w.problem,
            s.kind <> 'otlp' and s.changed_at < @unread and (w.read_at is null or w.lease_until is null or w.lease_until < @unread) as is_unread
        from log_sources s left join swept w using (source_id) where s.is_enabled and s.kind <> 'stdin' order by s.name
        """;

    public async Task<SweptLogs> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var counts = await DeleteAsync(CountsSql, new { minutes = now - Minutes, hours = now - Hours });
        var events = await DeleteAsync(EventsSql, new { events = now - TimeSpan.FromDays(settings.KeepEventsDays) });
        var errors = now - TimeSpan.FromDays(settings.KeepErrorsDays);
        await DeleteAsync(FindingsSql, new { errors });
        var forgotten = await DeleteAsync(ErrorsSql, new { errors });
        await DeleteAsync(CarriesSql, new { carries = now - Carries });
        await DeleteAsync(MutesSql, new { now });
        await DeleteAsync(AliasesSql, new { now });
        await RegroupAsync(connection, ct);
        await learn.ReadAsync(ct);
        var sources = await connection.QueryAsync<Source>(new CommandDefinition(SourcesSql, new { Busy, Quiet, unread = now - Unread }, cancellationToken: ct));
        return new SweptLogs(counts, events, forgotten, [.. sources.Select(Stopped).OfType<string>()]);

        Task<int> DeleteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: ct));
    }

    static async Task RegroupAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await RegroupErrors.LockAsync(connection, transaction, ct);
        var groups = (await connection.QueryAsync<string>(new CommandDefinition(UngroupedSql, transaction: transaction, cancellationToken: ct))).ToList();
        if (groups.Count > 0) await RegroupErrors.RunAsync(connection, transaction, groups, ct);
        await transaction.CommitAsync(ct);
    }

    static string? Stopped(Source source) =>
        source.IsUnread ? $"{source.Name} is read by no engine" : source.Problem is { } problem ? $"{source.Name}: {problem}" : source.IsQuiet ? $"{source.Name} brought lines all the time for an hour, and none for ten minutes" : null;

    sealed record Source(string Name, bool? IsQuietOrNull, string? Problem, bool IsUnread)
    {
        public bool IsQuiet => IsQuietOrNull ?? false;
    }
}

/// <param name="Counts">That were deleted.</param>
/// <param name="Forgotten">Errors that had not come for so long that they are new when they come again.</param>
/// <param name="Stopped">Sources that have stopped, each with why.</param>
public sealed record SweptLogs(int Counts, int Events, int Forgotten, IReadOnlyList<string> Stopped);
