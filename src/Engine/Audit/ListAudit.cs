using Dapper;
using Npgsql;

namespace Engine.Audit;

/// <summary>Entries, newest first, whether they are linked yet or not.</summary>
public sealed class ListAudit(NpgsqlDataSource database)
{
    /// <param name="after">The last entry seen; null at the start.</param>
    public async Task<IReadOnlyList<AuditRow>> RunAsync(AuditFilter filter, (DateTimeOffset RecordedAt, Guid EntryId)? after, int count, CancellationToken ct)
    {
        // Only the conditions that are asked for, so that each form gets the plan of its index.
        var conditions = new List<string>();
        if (filter.Actor is not null) conditions.Add("l.actor = @Actor");
        if (filter.Action is not null) conditions.Add("l.action = @Action");
        if (filter.Subject is not null) conditions.Add("l.subject = @Subject");
        if (after is not null) conditions.Add("(l.recorded_at, l.entry_id) < (@recordedAt, @entryId)");
        var sql = $"""
            select l.entry_id, l.recorded_at, l.actor, l.action, l.subject, l.details::text as details, l.source, c.position
            from audit_log l
            left join audit_chain c on c.entry_id = l.entry_id
            {(conditions.Count > 0 ? "where " + string.Join(" and ", conditions) : "")}
            order by l.recorded_at desc, l.entry_id desc
            limit @count
            """;
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<AuditRow>(new CommandDefinition(sql, new
        {
            filter.Actor, filter.Action, filter.Subject, recordedAt = after?.RecordedAt, entryId = after?.EntryId, count,
        }, cancellationToken: ct))];
    }
}

/// <summary>Exact matches; null matches all.</summary>
public sealed record AuditFilter(string? Actor, string? Action, string? Subject);

/// <param name="Details">JSON text.</param>
/// <param name="Position">Null until it is linked.</param>
public sealed record AuditRow(Guid EntryId, DateTimeOffset RecordedAt, string Actor, string Action, string Subject, string Details, string? Source, long? Position);
