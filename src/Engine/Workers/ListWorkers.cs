using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>Workers, the latest first.</summary>
public sealed class ListWorkers(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        select worker_id, host, process_id, engine_version, protocol, state, draining,
            case when state in ('offline', 'failed') or lease_until < @now then 'offline' else health end as health,
            kinds, capabilities, slots, running, started_at, beat_at, recent, mean_run_ms
        from workers
        where (@workerId::bigint is null or worker_id = @workerId) and (@before::bigint is null or worker_id < @before)
            and (not @aliveOnly or (state in ('idle', 'busy') and lease_until >= @now))
        order by worker_id desc limit @count
        """;

    const string CountSql = """
        select count(*)::integer as alive, count(*) filter (where draining)::integer as draining, count(*) filter (where health <> 'healthy')::integer as unwell,
            coalesce(sum(slots), 0)::integer as slots, coalesce(sum(running), 0)::integer as running
        from workers where state in ('idle', 'busy') and lease_until >= @now
        """;

    /// <param name="aliveOnly">Leaves out those that have stopped or are lost.</param>
    /// <param name="before">The last number seen; null at the start.</param>
    public async Task<IReadOnlyList<ListedWorker>> RunAsync(bool aliveOnly, long? before, int count, CancellationToken ct) => await ReadAsync(null, aliveOnly, before, count, ct);

    /// <returns>Null when there is none of that number.</returns>
    public async Task<ListedWorker?> FindAsync(long workerId, CancellationToken ct) => (await ReadAsync(workerId, false, null, 1, ct)).SingleOrDefault();

    /// <summary>How many live and what they have room for, all together.</summary>
    public async Task<WorkerCounts> CountAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<WorkerCounts>(new CommandDefinition(CountSql, new { now = time.GetUtcNow() }, cancellationToken: ct));
    }

    async Task<IReadOnlyList<ListedWorker>> ReadAsync(long? workerId, bool aliveOnly, long? before, int count, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<ListedWorker>(new CommandDefinition(Sql, new { now = time.GetUtcNow(), workerId, aliveOnly, before, count }, cancellationToken: ct))];
    }
}

/// <param name="State">idle, busy, offline or failed.</param>
/// <param name="Health">healthy, degraded, unhealthy or offline.</param>
/// <param name="Recent">Its last ten outcomes, newest last: s or f.</param>
public sealed record ListedWorker(long WorkerId, string Host, int ProcessId, string EngineVersion, int Protocol, string State, bool Draining, string Health,
    string[] Kinds, string[] Capabilities, int Slots, int Running, DateTimeOffset StartedAt, DateTimeOffset BeatAt, string Recent, double? MeanRunMs);

/// <param name="Unwell">Degraded or unhealthy.</param>
public sealed record WorkerCounts(int Alive, int Draining, int Unwell, int Slots, int Running);
