using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>Starts, pauses or stops the taking of tasks, on all engines of this database.</summary>
public sealed class SetEngineMode(NpgsqlDataSource database, TimeProvider time, RecordAudit audit, ILogger<SetEngineMode> log)
{
    const string ReadSql = "select mode from task_engine for update";

    const string WriteSql = """
        update task_engine set mode = @mode, changed_at = @now, changed_by = @actor
        returning mode, changed_at, changed_by, min_protocol
        """;

    const string SameSql = "select mode, changed_at, changed_by, min_protocol from task_engine";

    // Workers look for themselves each second; this makes it at once.
    const string TellSql = "select pg_notify(@Channel, @Changed), pg_notify(@Channel, '*')";

    /// <param name="mode">One of <see cref="EngineMode"/>'s.</param>
    /// <returns>What holds now; who set a mode that held already stays its author.</returns>
    public async Task<EngineMode> RunAsync(string mode, string? reason, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var before = await connection.ExecuteScalarAsync<string>(new CommandDefinition(ReadSql, transaction: transaction, cancellationToken: ct));
        if (before == mode) return await connection.QuerySingleAsync<EngineMode>(new CommandDefinition(SameSql, transaction: transaction, cancellationToken: ct));
        var now = await connection.QuerySingleAsync<EngineMode>(new CommandDefinition(WriteSql, new { mode, now = time.GetUtcNow(), actor }, transaction, cancellationToken: ct));
        var details = new JsonObject { ["from"] = before, ["to"] = mode };
        if (reason is not null) details["reason"] = reason;
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "engine.mode", "engine", details, source), ct);
        await connection.ExecuteAsync(new CommandDefinition(TellSql, new { WakeWorkers.Channel, ListenForTasks.Changed }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        log.ModeChanged(before!, mode, actor);
        return now;
    }
}
