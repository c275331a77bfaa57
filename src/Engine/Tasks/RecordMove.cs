using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Writes down who moved a task: in the task's timeline and in the audit log, in the transaction of the move.</summary>
public sealed class RecordMove(RecordAudit audit, TimeProvider time)
{
    const int MaxReasonLength = 2000;

    const string Sql = """
        insert into task_notes (task_id, noted_at, epoch, event, actor, detail) values (@taskId, @now, @epoch, @name, @actor, @detail::jsonb)
        """;

    /// <param name="name">As the timeline shows it, for example <c>cancelled</c>.</param>
    /// <param name="action">As the audit log shows it, for example <c>task.cancel</c>.</param>
    /// <param name="detail">What else is worth knowing, up to 64 KiB, with texts that PostgreSQL can store; no secrets.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, long epoch, string name, string action,
        string actor, string? source, JsonObject detail, CancellationToken ct)
    {
        await NoteAsync(connection, transaction, taskId, epoch, name, actor, detail, ct);
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, action, $"task:{taskId}", detail, source), ct);
    }

    /// <summary>In the timeline alone.</summary>
    public Task NoteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, long epoch, string name, string actor,
        JsonObject detail, CancellationToken ct) => connection.ExecuteAsync(new CommandDefinition(Sql,
            new { taskId, now = time.GetUtcNow(), epoch, name, actor = Storable(actor), detail = detail.ToJsonString() }, transaction, cancellationToken: ct));

    /// <summary>The detail of a move that has nothing but a reason.</summary>
    public static JsonObject Reason(string? reason) => reason is null ? [] : new JsonObject { ["reason"] = Shown(reason) };

    /// <summary>What is kept of a reason.</summary>
    [return: NotNullIfNotNull(nameof(reason))]
    public static string? Shown(string? reason) => reason is null ? null :
        Storable(reason.Length <= MaxReasonLength ? reason : string.Concat(reason.AsSpan(0, MaxReasonLength - 1), "…"));

    /// <summary>A text as PostgreSQL can store it: without zeros and halves of characters.</summary>
    internal static string Storable(string text) => string.Concat(text.EnumerateRunes().Select(r => r.Value == 0 ? "\u2400" : r.ToString()));
}
