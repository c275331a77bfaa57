using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>Errors by what they are now, the last seen first.</summary>
public sealed class ListErrors(NpgsqlDataSource database)
{
    const string Columns = "g.fingerprint, g.level, g.type, g.root_type, g.template, g.frames, g.count, g.first_seen, g.last_seen, g.found_at, g.services, g.releases, g.fingerprints, g.state, "
        + "g.muted_until, g.muted_until_release, g.resolved_at, g.resolved_in, g.resolved_by, g.task_id";

    const string Sql = $"""
        select {Columns} from error_groups g
        where (@state::text is null or g.state = @state) and (@service::text is null or @service = any(g.services)) and (@text::text is null or strpos(lower(g.template), lower(@text)) > 0 or strpos(lower(coalesce(g.type, '')), lower(@text)) > 0)
            and (@since::timestamptz is null or g.last_seen >= @since) and (@lastSeen::timestamptz is null or (g.last_seen, g.fingerprint) < (@lastSeen, @last))
        order by g.last_seen desc, g.fingerprint desc limit @limit
        """;

    const string OneSql = $"select {Columns} from error_groups g where g.fingerprint = (select group_key from error_fingerprints where fingerprint = @fingerprint)";

    const string SamplesSql = """
        select s.at, s.service, s.release, (array['unknown', 'trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical'])[s.level + 1] as level, s.redactions, s.text
        from error_samples s join error_fingerprints f using (fingerprint) where f.group_key = @fingerprint order by s.at desc limit 24
        """;

    const string MembersSql = """
        select f.fingerprint, f.template, f.count, f.first_seen, f.last_seen, a.kind, a.reason, a.made_at, a.made_by
        from error_fingerprints f left join error_aliases a on a.fingerprint = f.fingerprint and a.ended_at is null
        where f.group_key = @fingerprint order by f.count desc, f.fingerprint limit 200
        """;

    const string TriageSql = "select triage::text from error_triages where group_key = @fingerprint";

    const string OccurrencesSql = "select at, count from v_error_rates where fingerprint = @fingerprint and span = @span and at >= @from and at < @to order by at limit 10000";

    const string FindingsSql = """
        select finding_id, kind, rule, priority, reason, found_at, count, task_id from log_findings
        where group_key = @fingerprint or finding_id in (select finding_id from log_storm_members where group_key = @fingerprint) order by found_at desc limit 50
        """;

    /// <param name="after">The last of the page before; null on the first.</param>
    public async Task<IReadOnlyList<ListedError>> RunAsync(ErrorFilter filter, (DateTimeOffset LastSeen, string Fingerprint)? after, int limit, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ListedError>(new CommandDefinition(Sql, new { filter.State, filter.Service, filter.Text, filter.Since, lastSeen = after?.LastSeen, last = after?.Fingerprint, limit }, cancellationToken: ct))];
    }

    /// <param name="fingerprint">Of the error, or of one that belongs to it.</param>
    public async Task<ShownError?> FindAsync(string fingerprint, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var error = await connection.QuerySingleOrDefaultAsync<ListedError>(new CommandDefinition(OneSql, new { fingerprint }, cancellationToken: ct));
        if (error is null) return null;
        var of = new { error.Fingerprint };
        var samples = await connection.QueryAsync<ErrorSample>(new CommandDefinition(SamplesSql, of, cancellationToken: ct));
        var members = await connection.QueryAsync<ErrorMember>(new CommandDefinition(MembersSql, of, cancellationToken: ct));
        var findings = await connection.QueryAsync<ErrorFinding>(new CommandDefinition(FindingsSql, of, cancellationToken: ct));
        var triage = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(TriageSql, of, cancellationToken: ct));
        return new ShownError(error, [.. samples], [.. members], [.. findings], triage);
    }

    /// <param name="span">minute, hour or day.</param>
    /// <returns>At most 10,000.</returns>
    public async Task<IReadOnlyList<ErrorCount>> OccurrencesAsync(string fingerprint, string span, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ErrorCount>(new CommandDefinition(OccurrencesSql, new { fingerprint, span, from, to }, cancellationToken: ct))];
    }
}

/// <param name="State">open, muted or resolved.</param>
/// <param name="Text">Is in the template or the type.</param>
public sealed record ErrorFilter(string? State, string? Service, string? Text, DateTimeOffset? Since);

/// <summary>An error as <c>error_groups</c> shows it.</summary>
public sealed record ListedError(string Fingerprint, string Level, string? Type, string? RootType, string Template, string[] Frames, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, DateTimeOffset FoundAt,
    string[] Services, string[] Releases, long Fingerprints, string State, DateTimeOffset? MutedUntil, string? MutedUntilRelease, DateTimeOffset? ResolvedAt, string? ResolvedIn, string? ResolvedBy, Guid? TaskId);

/// <param name="TriageJson">What was found out without a model; null before that.</param>
public sealed record ShownError(ListedError Error, IReadOnlyList<ErrorSample> Samples, IReadOnlyList<ErrorMember> Members, IReadOnlyList<ErrorFinding> Findings, string? TriageJson);

/// <param name="Redactions">How much was taken out of the text before it was stored.</param>
public sealed record ErrorSample(DateTimeOffset At, string? Service, string? Release, string Level, int Redactions, string Text);

/// <param name="Kind">Why it belongs to the error: merge, learned or version; split: why not to another. Null: it is its own.</param>
public sealed record ErrorMember(string Fingerprint, string Template, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, string? Kind, string? Reason, DateTimeOffset? MadeAt, string? MadeBy);

public sealed record ErrorFinding(Guid FindingId, string Kind, string Rule, string Priority, string Reason, DateTimeOffset FoundAt, long Count, Guid? TaskId);

public sealed record ErrorCount(DateTimeOffset At, long Count);
