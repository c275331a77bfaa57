using System.Diagnostics;
using Chaos.Kinds;
using Chaos.Recorded;
using Support;

namespace EndToEnd.Tasks;

/// <summary>What befalls the process of a worker: rows 1 to 5 and 25 of the fault matrix.</summary>
public sealed class WorkerFaultTests(SharedField shared) : IClassFixture<SharedField>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    readonly FaultField field = shared.Field;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => field.KillWorkersAsync();

    [Fact]
    public async Task A_worker_killed_between_effect_and_finish_is_replaced_within_17_seconds_under_a_higher_epoch_and_the_same_key()
    {
        var dying = await field.StartWorkerAsync();
        var tasks = await field.FileAsync(ChaosKinds.Effect, 8, ms: 500, times: 1);
        await field.BegunAsync(tasks, Soon);
        await field.StartWorkerAsync();
        await Eventually.TrueAsync(() => tasks.All(t => field.EventsOf(t, WorldEventKind.Effect).Count == 1), Soon, "all have acted");

        await dying.KillAsync();
        var killedAt = Stopwatch.GetTimestamp();
        await field.EndedAsync(tasks, Soon);

        Assert.All(tasks, t => Assert.InRange(Stopwatch.GetElapsedTime(killedAt, field.EventsOf(t, WorldEventKind.Started)[1].ReceivedAt), TimeSpan.Zero, TimeSpan.FromSeconds(17)));
        Assert.All(tasks, t => Assert.Equal([1L, 2L], field.EventsOf(t, WorldEventKind.Effect).Select(e => e.Epoch)));
        Assert.All(tasks, t => Assert.Single(field.EventsOf(t, WorldEventKind.Effect).Select(e => e.Key).Distinct()));
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_worker_killed_with_hundreds_of_tasks_in_hand_loses_none_and_charges_none()
    {
        var dying = await field.StartWorkerAsync(ChaosKinds.Lease);
        await field.EndedAsync(await field.FileAsync(ChaosKinds.Noop, 200), Soon);
        var tasks = await field.FileAsync(ChaosKinds.Noop, 10_000);
        await Eventually.TrueAsync(async () => await field.ScalarAsync<long>("select count(*) from task_leases") > 100, Soon, "the worker has claimed far ahead");

        await dying.KillAsync();
        var held = await field.ScalarAsync<long>("select count(*) from task_leases");
        await field.StartWorkerAsync(ChaosKinds.Lease);
        await field.EndedAsync(tasks, TimeSpan.FromSeconds(60));

        Assert.InRange(held, 50, 10_000);
        Assert.Equal(held, await field.CountAsync("task_attempts where outcome = 'lost' and task_id = any(@ids)", tasks));
        Assert.Equal(0, await field.CountAsync("task_attempts where fault <> 'worker_lost' and task_id = any(@ids)", tasks));
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_worker_frozen_for_longer_than_its_lease_is_refused_whatever_it_does_when_it_wakes()
    {
        var frozen = await field.StartWorkerAsync(ChaosKinds.Lease);
        var old = await field.WorkerIdAsync(frozen);
        var tasks = await field.FileAsync(ChaosKinds.Effect, 6, ms: 3000);
        await field.BegunAsync(tasks, Soon);

        frozen.Signal("STOP");
        // The same name, host and folder, while the old process is still there.
        var next = field.Worker(ChaosKinds.Lease, frozen.DataFolder);
        await field.StartAsync(next);
        await field.BegunAsync(tasks, Soon, epoch: 2);
        frozen.Signal("CONT");
        await field.EndedAsync(tasks, Soon);

        await Eventually.TrueAsync(async () => await field.WorkerIdAsync(frozen) is { } again && again != old, Soon, "it comes back as another worker");
        Assert.Equal("offline", await field.ScalarAsync<string>("select state from workers where worker_id = @old", new { old }));
        Assert.Equal(1, await field.ScalarAsync<long>("select count(distinct host) from workers"));
        Assert.All(tasks, t => Assert.Equal([2L], field.EventsOf(t, WorldEventKind.Effect).Select(e => e.Epoch)));
        Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 2 and task_id = any(@ids)", tasks));
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_worker_whose_threads_are_all_blocked_keeps_its_lease()
    {
        await field.StartWorkerAsync(ChaosKinds.Lease);
        var starving = await field.FileAsync(ChaosKinds.Starve, 1, ms: 9000);
        await field.BegunAsync(starving, Soon);
        await field.StartWorkerAsync(ChaosKinds.Lease);

        await field.EndedAsync(starving, Soon);

        Assert.Equal(1, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", starving));
        await field.InvariantsHoldAsync();
    }
}
