using Dapper;
using Engine.Database;
using Engine.Tasks;
using NpgsqlTypes;

namespace Engine.Workers;

/// <summary>
/// After an exchange whose outcome is not known: ends its session, makes any claim of it that has not been committed come
/// to nothing, and says what this worker really holds.
/// </summary>
public sealed class ReconcileClaims(ReservedConnections connections, TasksSettings settings)
{
    const string EndSql = "select pg_terminate_backend(pid) from pg_stat_activity where pid = @session and usename = session_user and pg_has_role(current_user, usename, 'usage')";

    // Waits for an exchange that is being committed, which holds the row for key share; one that comes later claims under an old generation.
    const string GenerationSql = "select 1 from workers where worker_id = @workerId for update";

    const string NextSql = "update workers set generation = generation + 1 where worker_id = @workerId returning generation";

    const string HeldSql = """
        select l.ctid as place, l.task_id, l.epoch, l.lane_id, l.failures, l.losses, l.flags, l.claimed_at, t.payload::text as payload_json, t.dry_run, t.deadline_at
        from task_leases l cross join lateral (select payload, dry_run, deadline_at from tasks where task_id = l.task_id offset 0) t
        where l.worker_id = @workerId
        """;

    /// <param name="session">The server process of the broken exchange; null when there was none. A pooler's number says nothing of the server's.</param>
    /// <returns>The new generation, and all that the worker holds.</returns>
    public async Task<(long Generation, IReadOnlyList<HeldClaim> Held)> RunAsync(long workerId, int? session, CancellationToken ct)
    {
        await using var connection = await connections.OpenAsync(!settings.Listen, ct);
        if (session is not null && settings.Listen) await connection.ExecuteAsync(new CommandDefinition(EndSql, new { session }, cancellationToken: ct));
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("set local lock_timeout = '3s'", transaction: transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(GenerationSql, new { workerId }, transaction, cancellationToken: ct));
        var generation = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(NextSql, new { workerId }, transaction, cancellationToken: ct));
        var held = await connection.QueryAsync<Row>(new CommandDefinition(HeldSql, new { workerId }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return (generation ?? 0, [.. held.Select(h => new HeldClaim(h.Place, new TaskRow(h.TaskId, h.Epoch, h.LaneId, h.Failures, h.Losses, h.Flags), h.ClaimedAt, h.PayloadJson, h.DryRun, h.DeadlineAt))]);
    }

    sealed record Row(NpgsqlTid Place, Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags, DateTimeOffset ClaimedAt, string PayloadJson, bool DryRun, DateTimeOffset? DeadlineAt);
}

/// <summary>A claim as the database has it.</summary>
public sealed record HeldClaim(NpgsqlTid Place, TaskRow Row, DateTimeOffset ClaimedAt, string PayloadJson, bool DryRun, DateTimeOffset? DeadlineAt);
