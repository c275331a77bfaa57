using Dapper;
using Engine.Audit;
using Npgsql;

namespace Engine.Workers;

/// <summary>Tells a worker to take nothing new, while what it runs goes on, or to take tasks again. It learns of it with its next heartbeat.</summary>
public sealed class DrainWorker(NpgsqlDataSource database, RecordAudit audit, ILogger<DrainWorker> log)
{
    const string Sql = "update workers set draining = @drains where worker_id = @workerId and state in ('idle', 'busy') and draining <> @drains returning worker_id";

    const string FindSql = "select state in ('idle', 'busy') from workers where worker_id = @workerId";

    /// <param name="drains">False: it takes tasks again.</param>
    public async Task<DrainOutcome> RunAsync(long workerId, bool drains, string actor, string? source, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await connection.ExecuteScalarAsync<long?>(new CommandDefinition(Sql, new { workerId, drains }, transaction, cancellationToken: ct)) is null)
            return await connection.ExecuteScalarAsync<bool?>(new CommandDefinition(FindSql, new { workerId }, transaction, cancellationToken: ct)) switch
            {
                null => new DrainOutcome.NoSuchWorker(), false => new DrainOutcome.IsGone(), true => new DrainOutcome.Done(),
            };
        await audit.RunAsync(connection, transaction, new AuditEntry(actor, drains ? "worker.drain" : "worker.resume", $"worker:{workerId}", null, source), ct);
        await transaction.CommitAsync(ct);
        if (drains) log.Draining(workerId, actor);
        else log.Resumed(workerId, actor);
        return new DrainOutcome.Done();
    }
}

public abstract record DrainOutcome
{
    DrainOutcome() { } // closed: the kinds below are all there are

    /// <summary>It is as it was told to be, or was so already.</summary>
    public sealed record Done : DrainOutcome;
    public sealed record NoSuchWorker : DrainOutcome;
    /// <summary>It has stopped, or was given up.</summary>
    public sealed record IsGone : DrainOutcome;
}
