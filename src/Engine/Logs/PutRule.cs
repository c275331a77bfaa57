using System.Text.Json.Nodes;
using Crawlers.Logs.Alerts;
using Crawlers.Logs.Events;
using Dapper;
using Engine.Audit;
using Npgsql;
using LogLevel = Crawlers.Logs.Events.LogLevel;

namespace Engine.Logs;

/// <summary>The rules by which errors are told of: lists them, makes, changes and removes them, and records who did.</summary>
public sealed class PutRule(NpgsqlDataSource database, RecordAudit audit, TimeProvider time)
{
    const string ListSql = "select name, kind, threshold, span, factor, cooldown, priority, service, level, is_enabled, changed_at, changed_by from log_rules order by name";

    const string PutSql = """
        insert into log_rules as r (name, kind, threshold, span, factor, cooldown, priority, service, level, is_enabled, changed_at, changed_by)
        values (@Name, @Kind, @Threshold, @Span, @Factor, @Cooldown, @Priority, @Service, @level, @IsEnabled, @now, @actor)
        on conflict (name) do update set threshold = excluded.threshold, span = excluded.span, factor = excluded.factor, cooldown = excluded.cooldown, priority = excluded.priority,
            service = excluded.service, level = excluded.level, is_enabled = excluded.is_enabled, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        where r.kind = excluded.kind
        returning rule_id
        """;

    const string RemoveSql = "delete from log_rules where name = @name returning kind";

    public async Task<IReadOnlyList<ListedRule>> ListAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(ListSql, cancellationToken: ct))).Select(r => r.Listed())];
    }

    /// <returns>Null, or why it cannot be.</returns>
    public async Task<string?> RunAsync(ListedRule rule, string actor, string? source, CancellationToken ct)
    {
        if (Problem(rule) is { } problem) return problem;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var stored = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(PutSql, new
        {
            rule.Name, rule.Kind, rule.Threshold, rule.Span, rule.Factor, rule.Cooldown, rule.Priority, rule.Service, level = (short?)rule.Level, rule.IsEnabled, now = time.GetUtcNow(), actor,
        }, transaction, cancellationToken: ct));
        if (stored is null) return $"the rule \"{rule.Name}\" is of another kind: remove it first";
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "log_rule.put", $"log_rule:{rule.Name}", new JsonObject
        {
            ["kind"] = rule.Kind, ["threshold"] = rule.Threshold, ["span"] = rule.Span.ToString(), ["factor"] = rule.Factor, ["cooldown"] = rule.Cooldown.ToString(), ["priority"] = rule.Priority,
            ["service"] = rule.Service, ["level"] = rule.Level?.Name(), ["enabled"] = rule.IsEnabled,
        }, source), ct);
        await transaction.CommitAsync(ct);
        return null;
    }

    /// <returns>False when there is none.</returns>
    public async Task<bool> RemoveAsync(string name, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteScalarAsync<string?>(new CommandDefinition(RemoveSql, new { name }, transaction, cancellationToken: ct)) is not { } kind) return false;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "log_rule.remove", $"log_rule:{name}", new JsonObject { ["kind"] = kind }, source), ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    static string? Problem(ListedRule rule)
    {
        if (PutSource.NameProblem(rule.Name) is { } named) return named;
        if (!RuleKind.All.Contains(rule.Kind)) return $"kind is one of {string.Join(", ", RuleKind.All)}, not \"{rule.Kind}\"";
        if (rule.Threshold is < 1 or > 1_000_000) return $"threshold is 1 to 1000000, not {rule.Threshold}";
        if (rule.Span < TimeSpan.FromMinutes(1) || rule.Span > TimeSpan.FromDays(1)) return $"span is 00:01:00 to 1.00:00:00, not {rule.Span}";
        if (rule.Factor is not (>= 1 and <= 1000)) return $"factor is 1 to 1000, not {rule.Factor}";
        if (rule.Cooldown < TimeSpan.Zero || rule.Cooldown > TimeSpan.FromDays(30)) return $"cooldown is 00:00:00 to 30.00:00:00, not {rule.Cooldown}";
        if (rule.Priority is not ("critical" or "high" or "normal" or "low" or "deferred")) return $"priority is critical, high, normal, low or deferred, not \"{rule.Priority}\"";
        return rule.Service is { Length: 0 or > 200 } || (rule.Service?.Any(char.IsControl) ?? false) ? "service has 1 to 200 characters and no control characters" : null;
    }

    sealed record Row(string Name, string Kind, int Threshold, TimeSpan Span, double Factor, TimeSpan Cooldown, string Priority, string? Service, short? Level, bool IsEnabled, DateTimeOffset ChangedAt, string ChangedBy)
    {
        public ListedRule Listed() => new(Name, Kind, Threshold, Span, Factor, Cooldown, Priority, Service, (LogLevel?)Level, IsEnabled, ChangedAt, ChangedBy);
    }
}

/// <summary>A rule: see <see cref="AlertRule"/>.</summary>
public sealed record ListedRule(string Name, string Kind, int Threshold, TimeSpan Span, double Factor, TimeSpan Cooldown, string Priority, string? Service, LogLevel? Level, bool IsEnabled, DateTimeOffset ChangedAt, string ChangedBy);
