using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Redaction;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Counting;

/// <summary>Writes tallies to the tables of errors, in the transaction of the commit. Rows are taken in the order of their keys, so that crawls of two sources wait for each other and seldom in a circle; the server breaks that, and one of them begins anew.</summary>
public static class StoreErrors
{
    // Which group a fingerprint is in says whoever decided it; else what was learned just now.
    const string FingerprintsSql = """
        insert into error_fingerprints as f (fingerprint, group_key, version, template, type, root_type, frames, chain, level, service, release, first_seen, last_seen, found_at, count)
        select g.fingerprint, coalesce(t.group_key, case when g.group_key = any(@keys) or exists (select from error_fingerprints x where x.fingerprint = g.group_key) then g.group_key end, g.fingerprint), @Version, g.template, g.type, g.root_type,
            array(select jsonb_array_elements_text(g.frames::jsonb)), array(select jsonb_array_elements_text(g.chain::jsonb)), g.level, g.service, g.release, g.first_seen, g.last_seen, @now, g.count
        from unnest(@keys, @groups, @templates, @types, @rootTypes, @frames, @chains, @levels, @services, @releases, @firsts, @lasts, @counts)
            g(fingerprint, group_key, template, type, root_type, frames, chain, level, service, release, first_seen, last_seen, count)
        left join error_aliases a on a.fingerprint = g.fingerprint and a.ended_at is null
        left join error_fingerprints t on t.fingerprint = a.group_key
        order by g.fingerprint
        on conflict (fingerprint) do update set count = f.count + excluded.count, level = greatest(f.level, excluded.level),
            first_seen = least(f.first_seen, excluded.first_seen), last_seen = greatest(f.last_seen, excluded.last_seen)
        returning f.fingerprint, f.group_key, f.xmax = 0 as is_new
        """;

    const string AliasesSql = """
        insert into error_aliases (fingerprint, group_key, kind, reason, made_at, made_by)
        select l.fingerprint, l.group_key, 'learned', l.reason, @now, 'engine' from unnest(@keys, @groups, @reasons) l(fingerprint, group_key, reason)
        order by l.fingerprint
        on conflict (fingerprint) where ended_at is null do nothing
        """;

    const string CountsSql = """
        with given as (
            select fingerprint, at, sum(count)::bigint as count from unnest(@keys, @ats, @counts) g(fingerprint, at, count) group by fingerprint, at
        ), spans as (
            select fingerprint, 'minute' as span, at, count from given
            union all
            select fingerprint, 'hour', date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00'), sum(count)::bigint from given group by 1, 3
            union all
            select fingerprint, 'day', date_bin('1 day', at, timestamptz '2000-01-01 00:00:00+00'), sum(count)::bigint from given group by 1, 3
        )
        insert into error_counts as c (fingerprint, span, at, count) select fingerprint, span, at, count from spans order by fingerprint, span, at
        on conflict (fingerprint, span, at) do update set count = c.count + excluded.count
        """;

    const string OriginsSql = """
        insert into error_origins as o (fingerprint, service, release, first_seen, last_seen, count)
        select * from unnest(@keys, @services, @releases, @firsts, @lasts, @counts) g(fingerprint, service, release, first_seen, last_seen, count) order by 1, 2, 3
        on conflict (fingerprint, service, release) do update set count = o.count + excluded.count,
            first_seen = least(o.first_seen, excluded.first_seen), last_seen = greatest(o.last_seen, excluded.last_seen)
        """;

    const string SamplesSql = """
        with given as (
            select * from unnest(@keys, @ats, @services, @releases, @levels, @redactions, @texts) g(fingerprint, at, service, release, level, redactions, text)
        ), counted as (
            update error_fingerprints f set samples = f.samples + 1 from given g where f.fingerprint = g.fingerprint returning f.fingerprint, f.samples
        )
        insert into error_samples as s (fingerprint, slot, at, source_id, service, release, level, redactions, text)
        select g.fingerprint, case when c.samples <= 8 then c.samples - 1 else 3 + (c.samples - 4) % 5 end, g.at, @sourceId, nullif(g.service, ''), nullif(g.release, ''), g.level, g.redactions, g.text
        from given g join counted c using (fingerprint) order by 1
        on conflict (fingerprint, slot) do update set at = excluded.at, source_id = excluded.source_id, service = excluded.service, release = excluded.release,
            level = excluded.level, redactions = excluded.redactions, text = excluded.text
        """;

    const string EventsSql = """
        insert into error_events (fingerprint, at, stored_at, source_id, service, text)
        select g.fingerprint, g.at, @now, @sourceId, nullif(g.service, ''), g.text from unnest(@keys, @ats, @services, @texts) g(fingerprint, at, service, text)
        """;

    const int MaxTemplate = 8192, MaxText = 20_000, MaxReason = 2000, MaxName = 500;

    /// <returns>One for each fingerprint that was counted.</returns>
    public static async Task<IReadOnlyList<StoredError>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CrawlCommit commit, IReadOnlyList<LearnedGroup> learned, DateTimeOffset now, CancellationToken ct)
    {
        var tallies = commit.Counted.Tallies;
        if (tallies.Count == 0) return [];
        var groups = learned.ToDictionary(l => l.Fingerprint, l => l.Group);
        if (learned.Count > 0) await RegroupErrors.LockAsync(connection, transaction, ct);
        await ExecuteAsync(AliasesSql, learned.Count, new { now, keys = learned.Select(l => l.Fingerprint).ToArray(), groups = learned.Select(l => l.Group).ToArray(), reasons = learned.Select(l => Stored(l.Reason, MaxReason)).ToArray() });
        if (learned.Count > 0) await RegroupErrors.RunAsync(connection, transaction, [.. learned.SelectMany(l => new[] { l.Fingerprint, l.Group }).Distinct()], ct);
        var errors = tallies.GroupBy(t => t.Fingerprint.Key).Select(g => new Sum([.. g])).ToList();
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(FingerprintsSql, new
        {
            now, Fingerprint.Version, keys = errors.Select(e => e.Key).ToArray(), groups = errors.Select(e => groups.GetValueOrDefault(e.Key, e.Key)).ToArray(),
            templates = errors.Select(e => Stored(e.Fingerprint.Template, MaxTemplate)).ToArray(), types = errors.Select(e => e.Fingerprint.Type is { } type ? StoredText.Of(type, MaxName) : null).ToArray(),
            rootTypes = errors.Select(e => e.Fingerprint.RootType is { } type ? StoredText.Of(type, MaxName) : null).ToArray(),
            frames = errors.Select(e => Json(e.Fingerprint.Frames)).ToArray(), chains = errors.Select(e => Json(e.Fingerprint.Chain)).ToArray(), levels = errors.Select(e => (short)e.Level).ToArray(),
            services = errors.Select(e => Null(e.First.Service)).ToArray(), releases = errors.Select(e => Null(e.First.Release)).ToArray(),
            firsts = errors.Select(e => e.FirstSeen).ToArray(), lasts = errors.Select(e => e.LastSeen).ToArray(), counts = errors.Select(e => e.Count).ToArray(),
        }, transaction, cancellationToken: ct));
        var stored = rows.ToDictionary(r => r.Fingerprint);

        var minutes = tallies.SelectMany(t => t.Minutes().Select(m => (t.Fingerprint.Key, m.At, m.Count))).ToList();
        await ExecuteAsync(CountsSql, minutes.Count, new { keys = minutes.Select(m => m.Key).ToArray(), ats = minutes.Select(m => m.At).ToArray(), counts = minutes.Select(m => m.Count).ToArray() });
        await ExecuteAsync(OriginsSql, tallies.Count, new
        {
            keys = tallies.Select(t => t.Fingerprint.Key).ToArray(), services = tallies.Select(t => t.Service).ToArray(), releases = tallies.Select(t => t.Release).ToArray(),
            firsts = tallies.Select(t => t.FirstSeen).ToArray(), lasts = tallies.Select(t => t.LastSeen).ToArray(), counts = tallies.Select(t => t.Count).ToArray(),
        });
        var samples = errors.Select(e => (e.Key, Tally: e.First, Redacted: RedactText.Run(StoredText.Of(e.First.Sample, MaxText)))).ToList();
        await ExecuteAsync(SamplesSql, samples.Count, new
        {
            sourceId = commit.SourceId, keys = samples.Select(s => s.Key).ToArray(), ats = samples.Select(s => s.Tally.FirstSeen).ToArray(), services = samples.Select(s => s.Tally.Service).ToArray(),
            releases = samples.Select(s => s.Tally.Release).ToArray(), levels = samples.Select(s => (short)s.Tally.Level).ToArray(), redactions = samples.Select(s => s.Redacted.Counts.Values.Sum()).ToArray(),
            texts = samples.Select(s => StoredText.Of(s.Redacted.Text, MaxText)).ToArray(),
        });
        var kept = tallies.SelectMany(t => (t.Texts ?? []).Select(e => (t.Fingerprint.Key, e.At, t.Service, e.Text))).ToList();
        await ExecuteAsync(EventsSql, kept.Count, new
        {
            now, sourceId = commit.SourceId, keys = kept.Select(k => k.Key).ToArray(), ats = kept.Select(k => k.At).ToArray(), services = kept.Select(k => k.Service).ToArray(), texts = kept.Select(k => Stored(k.Text, MaxText)).ToArray(),
        });
        return [.. errors.Select(e => new StoredError(e.Fingerprint, stored[e.Key].GroupKey, stored[e.Key].IsNew, e.Level, Null(e.First.Service), Null(e.First.Release), [.. e.Tallies.Select(t => Null(t.Service)).Distinct()], e.LastSeen, [.. e.Tallies.SelectMany(t => t.Minutes()).Select(m => m.At).Distinct()]))];

        Task ExecuteAsync(string sql, int count, object parameters) =>
            count == 0 ? Task.CompletedTask : connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    /// <summary>What was made of an event as it is stored: words that are secrets are no values to the masks.</summary>
    static string Stored(string text, int most) => StoredText.Of(RedactText.Run(StoredText.Of(text, MaxText)).Text, most);

    static string? Null(string text) => text.Length == 0 ? null : text;

    static string Json(IReadOnlyList<string> texts) => System.Text.Json.JsonSerializer.Serialize(texts.Select(t => StoredText.Of(t, MaxName)));

    sealed record Row(string Fingerprint, string GroupKey, bool IsNew);

    /// <summary>The tallies of one fingerprint.</summary>
    sealed record Sum(IReadOnlyList<Tally> Tallies)
    {
        public Tally First => Tallies[0];

        public Fingerprint Fingerprint => First.Fingerprint;

        public string Key => Fingerprint.Key;

        public LogLevel Level => Tallies.Max(t => t.Level);

        public DateTimeOffset FirstSeen => Tallies.Min(t => t.FirstSeen);

        public DateTimeOffset LastSeen => Tallies.Max(t => t.LastSeen);

        public long Count => Tallies.Sum(t => t.Count);
    }
}

/// <param name="IsNew">Its row was written just now.</param>
/// <param name="Service">The first; <paramref name="Services"/> are all.</param>
/// <param name="Minutes">In which it was counted.</param>
public sealed record StoredError(Fingerprint Fingerprint, string Group, bool IsNew, LogLevel Level, string? Service, string? Release, IReadOnlyList<string?> Services, DateTimeOffset LastSeen, IReadOnlyList<DateTimeOffset> Minutes);
