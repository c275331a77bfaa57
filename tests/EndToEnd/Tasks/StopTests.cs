using System.Diagnostics;
using Chaos.Kinds;
using Chaos.Recorded;
using Support;

namespace EndToEnd.Tasks;

/// <summary>Engines that are asked to stop, and deploys: row 32 of the fault matrix.</summary>
public sealed class StopTests(SharedField shared) : IClassFixture<SharedField>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    readonly FaultField field = shared.Field;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => field.KillWorkersAsync();

    [Fact]
    public async Task A_worker_that_is_asked_to_stop_ends_what_it_runs_and_gives_back_the_rest()
    {
        var stopping = await field.StartWorkerAsync();
        var tasks = await field.FileAsync(ChaosKinds.Slow, 12, ms: 2500);
        await Eventually.TrueAsync(() => tasks.Count(t => field.EventsOf(t, WorldEventKind.Started).Count > 0) == 8, Soon, "all slots are in use");
        var next = await field.StartWorkerAsync();

        Assert.Equal(0, await stopping.StopAsync());
        await field.EndedAsync(tasks, Soon);

        Assert.Equal(0, await field.CountAsync("task_attempts where outcome not in ('succeeded', 'returned') and task_id = any(@ids)", tasks));
        Assert.Equal(tasks.Count, field.History.EventsSoFar().Count(e => e.Kind == WorldEventKind.Started && tasks.Contains(e.TaskId)));
        Assert.Equal("offline", await field.ScalarAsync<string>("select state from workers order by worker_id desc offset 1 limit 1"));
        Assert.True(next.IsRunning);
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task At_a_second_signal_it_gives_back_what_runs_and_others_begin_it_within_a_second()
    {
        var stopping = await field.StartWorkerAsync();
        var tasks = await field.FileAsync(ChaosKinds.Slow, 8, ms: 8000);
        await field.BegunAsync(tasks, Soon);
        await field.StartWorkerAsync();

        stopping.Signal("TERM");
        await Eventually.TrueAsync(() => stopping.Log.Contains("Stopping:", StringComparison.Ordinal), Soon, "it has begun to stop");
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await stopping.StopAsync()); // the second one

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await field.EndedAsync(tasks, Soon);
        Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where outcome = 'returned' and epoch = 1 and task_id = any(@ids)", tasks));
        Assert.Equal(tasks.Count, await field.CountAsync("""
            task_attempts a join task_attempts b on b.task_id = a.task_id and b.epoch = 2
            where a.epoch = 1 and b.claimed_at - a.ended_at < interval '1 second' and a.task_id = any(@ids)
            """, tasks));
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_deploy_of_one_half_after_the_other_needs_no_rescue()
    {
        var workers = new[] { field.Worker(), field.Worker() };
        await Task.WhenAll(workers.Select(field.StartAsync));
        var tasks = await field.FileAsync(ChaosKinds.Effect, 60, ms: 500);

        foreach (var worker in workers)
        {
            Assert.Equal(0, await worker.StopAsync());
            await field.StartAsync(worker);
        }
        await field.EndedAsync(tasks, Soon);

        Assert.Equal(0, await field.CountAsync("task_attempts where outcome not in ('succeeded', 'returned') and task_id = any(@ids)", tasks));
        await field.InvariantsHoldAsync();
    }
}
