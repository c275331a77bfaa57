using System.Text.Json;
using Dapper;
using Engine.Hosting;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>Enters this process as a worker: each start, and each return after having been given up, is another one.</summary>
public sealed class RegisterWorker(NpgsqlDataSource database, TimeProvider time, TaskKinds kinds, WorkersSettings settings)
{
    /// <summary>What this engine and the tables understand of each other; raised with a change that older engines must not work with.</summary>
    public const int Protocol = 1;

    const string Sql = """
        insert into workers (host, process_id, engine_version, protocol, kinds, capabilities, proficiency, slots, state, started_at, beat_at, lease_until)
        values (@host, @processId, @version, @Protocol, @kinds, @capabilities, @proficiency::jsonb, @Slots, 'idle', @now, @now, @leaseUntil)
        returning worker_id
        """;

    const string FormerSql = "update workers set state = 'offline', running = 0 where worker_id = @former and state <> 'offline'";

    const string KindsSql = """
        insert into task_kinds (kind, lease_ms, payload_schema, seen_at)
        select r.*, @now from unnest(@names, @leases, @schemas::jsonb[]) r order by 1
        on conflict (kind) do update set lease_ms = excluded.lease_ms, payload_schema = excluded.payload_schema, seen_at = excluded.seen_at
        """;

    /// <param name="former">What this process was until it lost its lease, and has stopped: others who thought it dead learn that it was not.</param>
    public async Task<WorkerLease> RunAsync(long? former, CancellationToken ct)
    {
        var sentAt = time.GetTimestamp();
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        if (former is not null) await connection.ExecuteAsync(new CommandDefinition(FormerSql, new { former }, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(KindsSql, new
        {
            now,
            names = kinds.All.Select(k => k.Name).ToArray(),
            leases = kinds.All.Select(k => (int)k.Lease.TotalMilliseconds).ToArray(),
            schemas = kinds.All.Select(k => TaskPayload.Schema(k.PayloadType).ToJsonString()).ToArray(),
        }, cancellationToken: ct));
        var proficiency = settings.Proficiency();
        var workerId = await connection.ExecuteScalarAsync<long>(new CommandDefinition(Sql, new
        {
            host = Environment.MachineName,
            processId = Environment.ProcessId,
            version = EngineVersion.Text,
            Protocol,
            kinds = kinds.All.Select(k => k.Name).Order(StringComparer.Ordinal).ToArray(),
            capabilities = proficiency.Keys.Order(StringComparer.Ordinal).ToArray(),
            proficiency = JsonSerializer.Serialize(proficiency),
            settings.Slots,
            now,
            leaseUntil = now + settings.Lease,
        }, cancellationToken: ct));
        return new WorkerLease(workerId, settings.Lease, time, sentAt);
    }
}
