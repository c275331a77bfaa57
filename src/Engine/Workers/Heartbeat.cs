using System.Text.Json;
using Engine.Database;
using Engine.Tasks;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Workers;

/// <summary>
/// A worker's sign of life, on a thread and a connection of its own: a starved thread pool or an exhausted connection pool
/// does not stop it. Another thread ends the lease when the database has not answered in time: the first may wait for its answer.
/// </summary>
public sealed class Heartbeat(WorkerLease lease, ReservedConnections connections, TimeProvider time, TasksSettings tasks, Func<WorkerCondition> condition, ILogger log) : IDisposable
{
    const int BeatsPerLease = 4;

    const string Sql = """
        update workers set beat_at = $2, lease_until = $3, state = $4, running = $5, recent = $6, mean_run_ms = $7, health = $8, kind_run_ms = $9
        where worker_id = $1 and state in ('idle', 'busy')
        returning draining
        """;

    readonly TimeSpan every = lease.Lease / BeatsPerLease;
    readonly ManualResetEventSlim stop = new();
    Thread? beating, guarding;

    /// <summary>An operator asked the worker to take nothing new.</summary>
    public bool IsDraining { get; private set; }

    public void Start()
    {
        beating = Begin(Run, "heartbeat");
        guarding = Begin(Guard, "lease");
    }

    /// <summary>Beats no more; the worker says itself what becomes of it.</summary>
    public void Stop()
    {
        stop.Set();
        beating?.Join(every);
        guarding?.Join(every);
    }

    public void Dispose()
    {
        Stop();
        if (beating is not { IsAlive: true } && guarding is not { IsAlive: true }) stop.Dispose();
    }

    Thread Begin(ThreadStart what, string name)
    {
        var thread = new Thread(what) { Name = $"{name} of worker {lease.WorkerId}", IsBackground = true, Priority = ThreadPriority.AboveNormal };
        thread.Start();
        return thread;
    }

    void Guard()
    {
        while (!stop.Wait(Remaining()))
        {
            if (lease.Lost.IsCancellationRequested) return;
            if (lease.Holds) continue;
            log.LeaseRanOut(lease.WorkerId, lease.SinceBeat);
            lease.Lose();
            return;
        }
    }

    void Run()
    {
        var connection = TryConnect(); // at once: to connect takes many round trips, and the line may be slow when the first beat is due
        var isFailing = false;
        var pause = every > lease.SinceBeat ? every - lease.SinceBeat : TimeSpan.Zero; // the registration was the first beat, however long ago that is by now
        while (!stop.Wait(Shorter(pause, Remaining())) && lease.Holds)
        {
            try
            {
                connection ??= connections.Open(!tasks.Listen);
                if (!Beat(connection)) break;
                if (isFailing) log.BeatsAgain(lease.WorkerId);
                // From when it was sent: on a slow line the next one leaves as soon as this one is answered, so that any delay below a third of the lease costs nothing.
                (isFailing, pause) = (false, every > lease.SinceBeat ? every - lease.SinceBeat : TimeSpan.Zero);
            }
            catch (Exception e) // whatever it was: the lease runs on, and the next try is soon
            {
                if (!isFailing) log.BeatFailed(e, lease.WorkerId);
                (isFailing, pause) = (true, every / 10);
                connection?.Dispose();
                connection = null;
            }
        }
        connection?.Dispose();
    }

    NpgsqlConnection? TryConnect()
    {
        try
        {
            return connections.Open(!tasks.Listen);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException) // the first beat tries again, and tells
        {
            return null;
        }
    }

    /// <returns>False when others have given the worker up.</returns>
    bool Beat(NpgsqlConnection connection)
    {
        var sentAt = time.GetTimestamp();
        var now = time.GetUtcNow();
        var state = condition();
        using var command = new NpgsqlCommand(Sql, connection)
        {
            CommandTimeout = Math.Max(1, (int)(lease.Lease * 2 / 3).TotalSeconds), // after that its answer is worth nothing
            Parameters =
            {
                new() { Value = lease.WorkerId }, new() { Value = now.UtcDateTime }, new() { Value = (now + lease.Lease).UtcDateTime },
                new() { Value = state.Running > 0 ? "busy" : "idle" }, new() { Value = state.Running }, new() { Value = state.Recent },
                new() { Value = state.MeanRunMs is { } mean ? mean : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double }, new() { Value = state.Health },
                new() { Value = JsonSerializer.Serialize(state.KindRunMs), NpgsqlDbType = NpgsqlDbType.Jsonb },
            },
        };
        if (command.ExecuteScalar() is not bool draining)
        {
            log.GivenUp(lease.WorkerId);
            lease.Lose();
            return false;
        }
        lease.Renew(sentAt);
        IsDraining = draining;
        return true;
    }

    TimeSpan Remaining()
    {
        var left = lease.Lease * 2 / 3 - lease.SinceBeat;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <summary>How a worker is, as its heartbeat tells.</summary>
/// <param name="Recent">Its last ten outcomes, newest last: s or f.</param>
/// <param name="MeanRunMs">Of its last ten attempts; null before the first.</param>
/// <param name="KindRunMs">Its mean run time by kind, in milliseconds.</param>
/// <param name="Health">healthy, degraded or unhealthy.</param>
public sealed record WorkerCondition(int Running, string Recent, double? MeanRunMs, IReadOnlyDictionary<string, double> KindRunMs, string Health);
