using System.Diagnostics;
using Chaos.Driving;
using Chaos.Kinds;
using Chaos.Recorded;
using Support;
using Support.Proxy;

namespace EndToEnd.Tasks;

/// <summary>What befalls the line between a worker and its database: rows 7, 10, 17, 19 and 20 of the fault matrix.</summary>
public sealed class LineFaultTests(SharedField shared) : IClassFixture<SharedField>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    readonly FaultField field = shared.Field;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => field.KillWorkersAsync();

    [Fact]
    public async Task A_commit_of_unknown_outcome_is_found_out_about_and_nothing_runs_twice()
    {
        var worker = await field.StartWorkerAsync(ChaosKinds.Lease);
        foreach (var statement in new[] { "delete from task_ready", "delete from task_leases", "insert into task_due" })
        {
            foreach (var reachesServer in new[] { true, false })
            {
                var trap = worker.Proxy.TrapCommit(statement, reachesServer);
                var kind = statement == "insert into task_due" ? ChaosKinds.Snooze : ChaosKinds.Effect;
                var tasks = await field.FileAsync(kind, 4, ms: 50, times: kind == ChaosKinds.Snooze ? 1 : 0);
                await trap.Sprung.WaitAsync(Soon);
                await field.EndedAsync(tasks, Soon);

                var attempts = kind == ChaosKinds.Snooze ? 2 : 1;
                Assert.Equal(attempts * tasks.Count, await field.CountAsync("task_attempts where outcome in ('succeeded', 'snoozed') and task_id = any(@ids)", tasks));
                Assert.All(tasks, t => Assert.Equal(attempts, field.EventsOf(t, WorldEventKind.Started).Count));
            }
        }
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_listener_that_hears_nothing_any_more_is_made_up_for_by_looking_and_replaced_within_15_seconds()
    {
        var worker = await field.StartWorkerAsync(ChaosKinds.Lease);
        await Eventually.TrueAsync(() => Listeners(worker).Count == 1, Soon, "it listens");
        var deaf = Listeners(worker);
        worker.Proxy.ToClient.Drop(deaf.Contains);
        worker.Proxy.ToServer.Drop(deaf.Contains);
        var clock = Stopwatch.StartNew();

        for (var round = 0; round < 4; round++)
        {
            var task = await field.FileAsync(ChaosKinds.Quick);
            await field.BegunAsync(task, TimeSpan.FromSeconds(2));
        }
        await Eventually.TrueAsync(() => Listeners(worker).Except(deaf).Any(), TimeSpan.FromSeconds(15) - clock.Elapsed, "it listens again");
    }

    [Fact]
    public async Task A_line_slower_by_a_quarter_of_the_lease_costs_no_lease_and_a_slower_one_is_handed_over_cleanly()
    {
        var lease = TimeSpan.FromSeconds(6);
        var slow = await field.StartWorkerAsync(lease);
        var workerId = await field.WorkerIdAsync(slow);
        var tasks = await field.FileAsync(ChaosKinds.Slow, 4, ms: 7000);
        await field.BegunAsync(tasks, Soon);
        slow.Proxy.ToServer.Delay(lease / 4);
        await Task.Delay(lease * 1.5); // real time, in which it would run out

        Assert.True(workerId == await field.WorkerIdAsync(slow), slow.LogEnd());
        Assert.Equal(0, await field.CountAsync("task_attempts where outcome = 'lost' and task_id = any(@ids)", tasks));

        var more = await field.FileAsync(ChaosKinds.Effect, 4, ms: 1000);
        slow.Proxy.ToServer.Delay(TimeSpan.FromSeconds(30));
        await field.StartWorkerAsync(lease);
        await field.EndedAsync([.. tasks, .. more], Soon);
        slow.Proxy.Heal();
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_worker_that_is_cut_off_stops_its_tasks_before_others_begin_them()
    {
        var lonely = Enumerable.Range(0, 4).Select(_ => field.Worker(ChaosKinds.Lease)).ToArray();
        var next = field.Worker(ChaosKinds.Lease, null, ("ENGINE__WORKERS__SLOTS", "40"));
        await Task.WhenAll(lonely.Append(next).Select(field.StartAsync));
        await field.ExecuteAsync("update workers set draining = worker_id = @next", new { next = await field.WorkerIdAsync(next) });
        await Task.Delay(ChaosKinds.Lease / 2); // until its heartbeat has told it
        var tasks = await field.FileAsync(ChaosKinds.Slow, 4 * 8, ms: 6000);
        await field.BegunAsync(tasks, Soon);

        // One direction each, with what is sent lost or held up.
        lonely[0].Proxy.ToServer.Drop();
        lonely[1].Proxy.ToServer.Hold();
        lonely[2].Proxy.ToClient.Drop();
        lonely[3].Proxy.ToClient.Hold();
        var cutAt = Stopwatch.GetTimestamp();
        await field.ExecuteAsync("update workers set draining = false");
        await field.BegunAsync(tasks, Soon, epoch: 2);
        foreach (var worker in lonely) worker.Proxy.Heal();
        await field.EndedAsync(tasks, Soon);

        Assert.All(tasks, t => Assert.InRange(Stopwatch.GetElapsedTime(cutAt, Stopped(t).SentAt), TimeSpan.Zero, ChaosKinds.Lease * 2 / 3 + TimeSpan.FromSeconds(0.5)));
        Assert.All(tasks, t => Assert.True(Stopped(t).SentAt < field.EventsOf(t, WorldEventKind.Started)[1].ReceivedAt));
        await field.InvariantsHoldAsync();

        WorldEvent Stopped(Guid task) => Assert.Single(field.EventsOf(task, WorldEventKind.Stopped), e => e.Epoch == 1);
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_is_waited_for_without_a_crash_or_a_storm()
    {
        var worker = await field.StartWorkerAsync(ChaosKinds.Lease);
        await field.ExecuteAsync("alter database engine set default_transaction_read_only = on");
        await field.ExecuteAsync("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'engine%'");
        var lines = worker.Log.Length;

        await Task.Delay(TimeSpan.FromSeconds(6)); // real time: what it does meanwhile is looked at

        Assert.True(worker.IsRunning);
        Assert.InRange(worker.Log.Length - lines, 0, 60_000);
        await field.ExecuteAsync("alter database engine reset default_transaction_read_only");
        await field.ExecuteAsync("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'engine%'");
        field.ForgetConnections();
        var task = await field.FileAsync(ChaosKinds.Effect, ms: 10);
        await field.EndedAsync(task, TimeSpan.FromSeconds(8));
        await field.InvariantsHoldAsync();
    }

    static HashSet<ProxiedConnection> Listeners(WorkerProcess worker) => [.. worker.Proxy.Connections.Where(c => c.HasSent("listen engine_tasks"))];
}
