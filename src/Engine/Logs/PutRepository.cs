using System.Text.Json;
using System.Text.Json.Nodes;
using Crawlers.Logs.Triage;
using Dapper;
using Engine.Audit;
using Engine.Http;
using Npgsql;

namespace Engine.Logs;

/// <summary>Where the code of services is, for finding the line behind a trace: lists, sets and removes it, and records who did.</summary>
public sealed class PutRepository(NpgsqlDataSource database, RecordAudit audit, TimeProvider time)
{
    const int MostMappings = 50, MostPath = 1000;

    const string ListSql = "select service, path, mappings::text, changed_at, changed_by from log_repositories order by service";

    const string FindSql = "select service, path, mappings::text, changed_at, changed_by from log_repositories where service = @service or service = '' order by service desc limit 1";

    const string PutSql = """
        insert into log_repositories (service, path, mappings, changed_at, changed_by) values (@service, @path, @json::jsonb, @now, @actor)
        on conflict (service) do update set path = excluded.path, mappings = excluded.mappings, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """;

    const string RemoveSql = "delete from log_repositories where service = @service";

    public async Task<IReadOnlyList<ListedRepository>> ListAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(ListSql, cancellationToken: ct))).Select(r => r.Listed())];
    }

    /// <returns>The service's own, else the one of all; null when there is none.</returns>
    public async Task<ListedRepository?> FindAsync(string? service, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(FindSql, new { service = service ?? "" }, cancellationToken: ct)))?.Listed();
    }

    /// <param name="service">Empty: of all that have none of their own.</param>
    /// <returns>Null, or why it cannot be.</returns>
    public async Task<string?> RunAsync(string service, string path, IReadOnlyList<PathMapping> mappings, string actor, string? source, CancellationToken ct)
    {
        if (service.Length > 200 || service.Any(char.IsControl)) return "service has at most 200 characters and no control characters";
        if (path.Length is 0 or > MostPath || path.Contains('\0', StringComparison.Ordinal) || !Path.IsPathRooted(path)) return $"path is absolute and has 1 to {MostPath} characters, not \"{path}\"";
        if (mappings.Count > MostMappings || mappings.Any(m => m.From.Length is 0 or > MostPath || m.To.Length > MostPath)) return $"mappings are at most {MostMappings} pairs of paths of at most {MostPath} characters, and from is not empty";
        if (!Directory.Exists(path)) return $"there is no folder {path} on the engine's host: clone the repository there";
        var json = JsonSerializer.Serialize(mappings, EngineJson.Options);
        await ChangeAsync(PutSql, new { service, path, json, now = time.GetUtcNow(), actor }, new AuditEntry(actor, "log_repository.put", $"log_repository:{service}", new JsonObject { ["path"] = path, ["mappings"] = JsonNode.Parse(json) }, source), ct);
        return null;
    }

    /// <returns>False when there is none.</returns>
    public Task<bool> RemoveAsync(string service, string actor, string? source, CancellationToken ct) =>
        ChangeAsync(RemoveSql, new { service }, new AuditEntry(actor, "log_repository.remove", $"log_repository:{service}", [], source), ct);

    async Task<bool> ChangeAsync(string sql, object parameters, AuditEntry entry, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct)) == 0) return false;
        await audit.RunAsync(connection, transaction, entry, ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    sealed record Row(string Service, string Path, string Mappings, DateTimeOffset ChangedAt, string ChangedBy)
    {
        public ListedRepository Listed() => new(Service, Path, JsonSerializer.Deserialize<IReadOnlyList<PathMapping>>(Mappings, EngineJson.Options)!, ChangedAt, ChangedBy);
    }
}

public sealed record ListedRepository(string Service, string Path, IReadOnlyList<PathMapping> Mappings, DateTimeOffset ChangedAt, string ChangedBy);
