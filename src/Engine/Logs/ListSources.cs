using System.Text.Json;
using Crawlers.Logs.Sources;
using Dapper;
using Engine.Http;
using Npgsql;

namespace Engine.Logs;

/// <summary>The log sources by name, with what is known of their crawls.</summary>
public sealed class ListSources(NpgsqlDataSource database)
{
    const string Sql = """
        select s.source_id, s.name, s.kind, s.settings::text, s.is_enabled, s.changed_at, s.changed_by, c.holder, c.lease_until, c.read_at, c.event_at, c.problem, coalesce(c.behind_bytes, 0) as behind_bytes,
            coalesce(c.lines, 0) as lines, coalesce(c.bytes, 0) as bytes, coalesce(c.events, 0) as events, coalesce(c.errors, 0) as errors, coalesce(c.dropped_bytes, 0) as dropped_bytes, coalesce(c.dropped_errors, 0) as dropped_errors
        from log_sources s left join log_crawls c using (source_id)
        where @name::text is null or s.name = @name
        order by s.name
        """;

    public async Task<IReadOnlyList<ListedSource>> RunAsync(CancellationToken ct) => await ReadAsync(null, ct);

    /// <returns>Null when there is none.</returns>
    public async Task<ListedSource?> FindAsync(string name, CancellationToken ct) => (await ReadAsync(name, ct)).SingleOrDefault();

    async Task<IReadOnlyList<ListedSource>> ReadAsync(string? name, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(Sql, new { name }, cancellationToken: ct))).Select(r => r.Listed())];
    }

    sealed record Row(int SourceId, string Name, string Kind, string Settings, bool IsEnabled, DateTimeOffset ChangedAt, string ChangedBy, string? Holder, DateTimeOffset? LeaseUntil, DateTimeOffset? ReadAt, DateTimeOffset? EventAt,
        string? Problem, long BehindBytes, long Lines, long Bytes, long Events, long Errors, long DroppedBytes, long DroppedErrors)
    {
        public ListedSource Listed() => new(SourceId, Name, Kind, JsonSerializer.Deserialize<SourceSettings>(Settings, EngineJson.Options)!, IsEnabled, ChangedAt, ChangedBy,
            new CrawlState(Holder, LeaseUntil, ReadAt, EventAt, Problem, BehindBytes, Lines, Bytes, Events, Errors, DroppedBytes, DroppedErrors));
    }
}

/// <param name="State">How reading it goes.</param>
public sealed record ListedSource(int SourceId, string Name, string Kind, SourceSettings Settings, bool IsEnabled, DateTimeOffset ChangedAt, string ChangedBy, CrawlState State);

/// <param name="Holder">Host, process and its start; null: nobody reads it, or all do.</param>
/// <param name="Errors">Of the events, those that were counted in error groups, or dropped.</param>
/// <param name="DroppedErrors">Of the errors, those of more new kinds than are kept in so short a time.</param>
public sealed record CrawlState(string? Holder, DateTimeOffset? LeaseUntil, DateTimeOffset? ReadAt, DateTimeOffset? EventAt, string? Problem, long BehindBytes,
    long Lines, long Bytes, long Events, long Errors, long DroppedBytes, long DroppedErrors);
