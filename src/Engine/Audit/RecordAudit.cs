using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace Engine.Audit;

/// <summary>
/// Writes an audit entry in the transaction of what it records: both become true together or not at all. The same
/// statement queues it for <see cref="ChainAudit"/>; no row is shared with other writers, so none waits for another.
/// </summary>
public sealed class RecordAudit(TimeProvider time)
{
    internal const int MaxDepth = 20;

    const string Sql = """
        with entry as (
            insert into audit_log (entry_id, recorded_at, actor, action, subject, details, source)
            values (@entryId, @now, @actor, @action, @subject, @details::jsonb, @source)
            returning recorded_at, entry_id
        )
        insert into audit_unchained (recorded_at, entry_id)
        select recorded_at, entry_id from entry
        """;

    static readonly JsonSerializerOptions Bounded = new() { MaxDepth = MaxDepth };

    /// <returns>The id of the entry.</returns>
    /// <exception cref="InvalidOperationException">The details are nested deeper than 20 levels.</exception>
    /// <exception cref="PostgresException">A text is empty or too long, or the details exceed 64 KiB; the constraint names which.</exception>
    public async Task<Guid> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, AuditEntry entry, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var entryId = Guid.CreateVersion7(now);
        await connection.ExecuteAsync(new CommandDefinition(Sql, new
        {
            entryId,
            now,
            actor = Storable(entry.Actor),
            action = Storable(entry.Action),
            subject = Storable(entry.Subject),
            details = StorableJson(entry.Details?.ToJsonString(Bounded) ?? "{}"),
            source = entry.Source is { } source ? Storable(source) : null,
        }, transaction, cancellationToken: ct));
        return entryId;
    }

    /// <summary>PostgreSQL holds every character but U+0000 and half a surrogate pair; a name with one must not keep its deed from being recorded.</summary>
    static string Storable(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\u2400" : rune.ToString()));

    /// <summary>The same for JSON text, where U+0000 is written as an escape and half pairs are already replaced.</summary>
    static string StorableJson(string json)
    {
        const string Null = "\\u0000";
        if (!json.Contains(Null, StringComparison.Ordinal)) return json;
        var stored = new StringBuilder(json.Length);
        for (var at = 0; at < json.Length;)
        {
            var isNull = string.CompareOrdinal(json, at, Null, 0, Null.Length) == 0;
            var length = isNull ? Null.Length : json[at] == '\\' ? 2 : 1; // an escaped backslash hides what follows it
            stored.Append(isNull ? "\u2400" : json.AsSpan(at, length));
            at += length;
        }
        return stored.ToString();
    }
}

/// <param name="Actor">Who did it, for example <c>token:k3jx9abc</c> or <c>schedule:verify_audit</c>; 1 to 200 characters.</param>
/// <param name="Action">What was done, noun and verb: <c>token.create</c>; 1 to 100 characters.</param>
/// <param name="Subject">To what, for example <c>token:k3jx9abc</c>; 1 to 500 characters.</param>
/// <param name="Details">What else is worth knowing, up to 64 KiB; no secrets. Null for nothing.</param>
/// <param name="Source">Where the request came from, an address as a rule; null for the engine itself; 1 to 200 characters.</param>
public sealed record AuditEntry(string Actor, string Action, string Subject, JsonObject? Details, string? Source);
