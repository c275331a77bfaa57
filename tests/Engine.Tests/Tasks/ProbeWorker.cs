using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Npgsql;

namespace Engine.Tests.Tasks;

/// <summary>A registered worker that claims and ends tasks as the real one does, when the test says so.</summary>
sealed class ProbeWorker : IAsyncDisposable
{
    readonly TasksRig rig;
    readonly WorkerLease lease;
    readonly ExchangeTasks exchange;

    ProbeWorker(TasksRig rig, WorkerLease lease, ExchangeTasks exchange) => (this.rig, this.lease, this.exchange) = (rig, lease, exchange);

    public long WorkerId => lease.WorkerId;

    /// <summary>How often an end met another transaction crosswise and had to be told again.</summary>
    public int GaveWay { get; private set; }

    public static async Task<ProbeWorker> StartAsync(TasksRig rig)
    {
        var lease = await rig.Get<RegisterWorker>().RunAsync(former: null, CancellationToken.None);
        await rig.ExecuteAsync("update workers set lease_until = 'infinity' where worker_id = @WorkerId", new { lease.WorkerId });
        return new ProbeWorker(rig, lease, await ExchangeTasks.OpenAsync(rig.Get<ReservedConnections>(), throughPooler: false, CancellationToken.None));
    }

    /// <summary>Claims up to so many of what is ready, in any lane.</summary>
    public async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(int most = 100)
    {
        var known = (await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None)).ToDictionary(l => l.LaneId);
        var lanes = known.Values.Select(l => new AskedLane(l.LaneId, 0, most, 0, rig.Now, DateTimeOffset.UnixEpoch)).ToArray();
        if (lanes.Length == 0) return [];
        var exchanged = await exchange.RunAsync([], new AskedClaim(WorkerId, 0, most, lanes), rig.Now, CancellationToken.None);
        return [.. exchanged.Claimed.Select(c => new ClaimedTask(c.Row, known[c.Row.LaneId].Kind, c.PayloadJson, c.Place, c.ReadyAt, rig.Now, c.DryRun, c.DeadlineAt, lease))];
    }

    public async Task<ClaimedTask> ClaimOneAsync(Guid taskId)
    {
        var claimed = Assert.Single(await ClaimAsync());
        Assert.Equal(taskId, claimed.Row.TaskId);
        return claimed;
    }

    /// <returns>Whether the end was accepted.</returns>
    public async Task<bool> EndAsync(ClaimedTask task, TaskResult result)
    {
        FinishedAttempt[] finished = [new(task, result, null)];
        if (result is TaskResult.Succeeded && task.Row.Flags == TaskFlags.None
            && (await exchange.RunAsync(finished, null, rig.Now, CancellationToken.None)).Accepted.Count == 1) return true;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await rig.Db.Source.OpenConnectionAsync();
                return (await rig.Get<EndAttempts>().RunAsync(connection, finished, CancellationToken.None)).Count == 0;
            }
            catch (PostgresException e) when (MoveTasks.MetAnother(e) && attempt < 5)
            {
                GaveWay++; // the worker says again what the database did not take
            }
        }
    }

    public Task<bool> SucceedAsync(ClaimedTask task) => EndAsync(task, TaskResult.Done());

    /// <summary>Its process was killed and its lease is over.</summary>
    public Task DieAsync() => rig.ExecuteAsync("update workers set lease_until = @past, beat_at = @past where worker_id = @WorkerId",
        new { WorkerId, past = rig.Now - TimeSpan.FromHours(2) });

    public async ValueTask DisposeAsync()
    {
        await exchange.DisposeAsync();
        lease.Dispose();
    }
}
