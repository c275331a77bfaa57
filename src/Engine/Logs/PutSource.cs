using System.Text.Json;
using System.Text.Json.Nodes;
using Crawlers.Logs.Sources;
using Dapper;
using Engine.Audit;
using Engine.Http;
using Npgsql;

namespace Engine.Logs;

/// <summary>Makes, changes and removes log sources, and records who did.</summary>
public sealed class PutSource(NpgsqlDataSource database, RecordAudit audit, TimeProvider time)
{
    const int MostSettings = 60_000;

    const string PutSql = """
        insert into log_sources as s (name, kind, settings, is_enabled, changed_at, changed_by) values (@name, @kind, @json::jsonb, @isEnabled, @now, @actor)
        on conflict (name) do update set settings = excluded.settings, is_enabled = excluded.is_enabled, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        where s.kind = excluded.kind
        returning source_id
        """;

    // In the order in which a commit takes them.
    const string LockSql = "select c.source_id from log_crawls c join log_sources s using (source_id) where s.name = @name for update of c";

    const string RemoveSql = "delete from log_sources where name = @name returning kind";

    /// <returns>Null, or why it cannot be.</returns>
    public async Task<string?> RunAsync(string name, string kind, SourceSettings settings, bool isEnabled, string actor, string? source, CancellationToken ct)
    {
        if (NameProblem(name) is { } named) return named;
        if (!SourceSettings.Kinds.Contains(kind)) return $"kind is one of {string.Join(", ", SourceSettings.Kinds)}, not \"{kind}\"";
        if (kind == "otlp" && name != "otlp") return "all that comes by OTLP is the source \"otlp\"";
        if (settings.Problems(kind).ToList() is { Count: > 0 } problems) return string.Join("; ", problems);
        var json = JsonSerializer.Serialize(settings, EngineJson.Options);
        if (json.Length > MostSettings) return $"settings have at most {MostSettings} characters, not {json.Length}";
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteScalarAsync<int?>(new CommandDefinition(PutSql, new { name, kind, json, isEnabled, now = time.GetUtcNow(), actor }, transaction, cancellationToken: ct)) is null)
            return $"the source \"{name}\" is of another kind: remove it first";
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "log_source.put", $"log_source:{name}", new JsonObject { ["kind"] = kind, ["enabled"] = isEnabled, ["settings"] = JsonNode.Parse(json) }, source), ct);
        await transaction.CommitAsync(ct);
        return null;
    }

    /// <returns>Null, or what is wrong with the name of a source or rule.</returns>
    public static string? NameProblem(string name) =>
        name.Length is 0 or > 63 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-') || name[0] is '.' or '_' or '-'
            ? $"a name has 1 to 63 lower-case letters, digits, dots, underscores and dashes, and begins with one of the first two, unlike \"{name}\"" : null;

    /// <summary>With its positions: made anew, it is read from its beginning. What was counted stays.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> RemoveAsync(string name, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, new { name }, transaction, cancellationToken: ct));
        if (await connection.ExecuteScalarAsync<string?>(new CommandDefinition(RemoveSql, new { name }, transaction, cancellationToken: ct)) is not { } kind) return false;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "log_source.remove", $"log_source:{name}", new JsonObject { ["kind"] = kind }, source), ct);
        await transaction.CommitAsync(ct);
        return true;
    }
}
