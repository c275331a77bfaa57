using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Workers;

/// <summary>Tells a worker to take nothing new; what it runs goes on. It learns of it with its next heartbeat.</summary>
public sealed class DrainWorker(NpgsqlDataSource database, RecordAudit audit, ILogger<DrainWorker> log)
{
    const string Sql = "update workers set draining = true where worker_id = @workerId and state in ('idle', 'busy') and not draining returning worker_id";

    const string FindSql = "select state in ('idle', 'busy') from workers where worker_id = @workerId";

    public async Task<DrainOutcome> RunAsync(long workerId, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteScalarAsync<long?>(new CommandDefinition(Sql, new { workerId }, transaction, cancellationToken: ct)) is null)
            return await connection.ExecuteScalarAsync<bool?>(new CommandDefinition(FindSql, new { workerId }, transaction, cancellationToken: ct)) switch
            {
                null => new DrainOutcome.NoSuchWorker(), false => new DrainOutcome.IsGone(), true => new DrainOutcome.Draining(),
            };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, "worker.drain", $"worker:{workerId}", null, source), ct);
        await transaction.CommitAsync(ct);
        log.Draining(workerId, actor);
        return new DrainOutcome.Draining();
    }
}

public abstract record DrainOutcome
{
    DrainOutcome() { } // closed: the kinds below are all there are

    public sealed record Draining : DrainOutcome;
    public sealed record NoSuchWorker : DrainOutcome;
    /// <summary>It has stopped, or was given up.</summary>
    public sealed record IsGone : DrainOutcome;
}
