using System.Diagnostics;
using Chaos.Recorded;
using Dapper;
using Npgsql;

namespace Chaos.Driving;

/// <summary>Looks at the queue four times a second: what waits, and who would have been free for it.</summary>
public sealed class WatchQueue(NpgsqlDataSource superuser, HistoryFile history, Disturbance disturbance, TimeSpan lease)
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>Looks that come later than that tell of a machine too busy for anybody to be in time.</summary>
    static readonly TimeSpan Late = TimeSpan.FromMilliseconds(750);

    // Tasks of the solo lanes run one at a time, those of kinds that stand still wait for a probe.
    const string Sql = """
        with recursive stuck as (
            select task_id from task_waiting where failed > 0
            union select task_id from task_parked
            union select d.child_id from task_dependencies d join stuck s on s.task_id = d.parent_id where d.settled is distinct from 'succeeded'
        ), ready as (
            select r.task_id, extract(epoch from clock_timestamp() - r.ready_at)::double precision as seconds
            from task_ready r join task_lanes l on l.lane_id = r.lane_id
            where not l.solo and not exists (select from task_breakers b where b.kind = l.kind and b.state <> 'closed')
            order by r.ready_at limit 1
        ), free as (
            select greatest(0, (case when w.health = 'healthy' then w.slots else w.slots / 2 end)
                - greatest(w.running, (select count(*) from task_leases l where l.worker_id = w.worker_id)))::integer as slots
            from workers w
            where w.state in ('idle', 'busy') and not w.draining and w.started_at < clock_timestamp() - interval '3 seconds' and w.lease_until > clock_timestamp() and w.health <> 'unhealthy'
        )
        select (select task_id from ready) as oldest_task, coalesce((select seconds from ready), 0) as oldest_ready,
            coalesce((select sum(slots) from free), 0)::integer as free_slots,
            (select mode = 'running' from task_engine) as is_running,
            (select count(*) from task_ready)::integer as ready, (select count(*) from task_leases)::integer as leased,
            ((select count(*) from task_due) + (select count(*) from task_held))::integer as later,
            (select count(*) from task_waiting where task_id not in (select task_id from stuck))::integer as waiting, (select count(*) from task_gated)::integer as gated,
            (select count(*) from workers where state in ('idle', 'busy') and lease_until > clock_timestamp())::integer as workers
        """;

    long lastLook;

    /// <summary>The last look; null while the database is away.</summary>
    public QueueLook? Last { get; private set; }

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await superuser.OpenConnectionAsync(ct);
                var (at, before) = (Stopwatch.GetTimestamp(), lastLook);
                lastLook = at;
                var look = await connection.QuerySingleAsync<QueueLook>(new CommandDefinition(Sql, cancellationToken: ct));
                var isCalm = disturbance.IsCalm(lease + TimeSpan.FromSeconds(1)) && look.IsRunning && Stopwatch.GetElapsedTime(before, at) < Late;
                history.Add(new QueueSample(at, isCalm, look.OldestReady, look.OldestTask, look.FreeSlots));
                Last = look;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                Last = null; // the database is away, or the run is over
            }
            await Task.Delay(Every, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

public sealed record QueueLook(Guid? OldestTask, double OldestReady, int FreeSlots, bool IsRunning, int Ready, int Leased, int Later, int Waiting, int Gated, int Workers);
