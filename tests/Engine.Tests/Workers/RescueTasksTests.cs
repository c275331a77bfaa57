using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

public sealed class RescueTasksTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_dead_workers_tasks_are_ready_again_uncharged_and_a_living_ones_stay()
    {
        var lost = await rig.FileAsync();
        using var dead = await rig.RegisterAsync();
        await rig.ClaimAsync(dead);
        rig.Time.Advance(dead.Lease + TimeSpan.FromSeconds(1));
        var kept = await rig.FileAsync();
        using var living = await rig.RegisterAsync();
        await rig.ClaimAsync(living);

        Assert.Equal(1, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));

        Assert.Equal("pending", await rig.StateAsync(lost));
        Assert.Equal("running", await rig.StateAsync(kept));
        Assert.Equal((short)0, await rig.ScalarAsync<short>("select failures from task_ready where task_id = @lost", new { lost }));
        Assert.Equal((short)1, await rig.ScalarAsync<short>("select losses from task_ready where task_id = @lost", new { lost }));
        Assert.Equal("failed", await rig.ScalarAsync<string>("select state from workers where worker_id = @WorkerId", new { dead.WorkerId }));
    }

    [Fact]
    public async Task Nothing_is_taken_before_the_lease_has_run_out()
    {
        await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        await rig.ClaimAsync(lease);
        rig.Time.Advance(lease.Lease - TimeSpan.FromSeconds(0.1));

        Assert.Equal(0, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_task_that_three_workers_died_with_is_given_up_and_ran_alone_before()
    {
        var poison = await rig.FileAsync();
        for (var death = 1; death <= 3; death++)
        {
            using var worker = await rig.RegisterAsync();
            Assert.Single(await rig.ClaimAsync(worker));
            if (death == 3) Assert.True(await rig.ScalarAsync<bool>("select solo from task_lanes natural join task_leases"));
            rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
        }

        Assert.Equal("dead", await rig.StateAsync(poison));
        Assert.Equal(["lost", "lost", "dead"], await rig.OutcomesAsync(poison));
        Assert.Equal("3 workers died with it", await rig.ScalarAsync<string>("select reason from v_dead_tasks"));
    }

    [Fact]
    public async Task What_a_worker_that_stopped_by_itself_still_held_goes_back_as_no_loss()
    {
        var taskId = await rig.FileAsync();
        using var stopped = await rig.RegisterAsync();
        await rig.ClaimAsync(stopped);
        using var next = await rig.RegisterAsync(former: stopped.WorkerId);

        Assert.Equal(0, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None)); // its handler may not have stopped yet
        rig.Time.Advance(stopped.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));

        Assert.Equal("pending", await rig.StateAsync(taskId));
        Assert.Equal(["returned"], await rig.OutcomesAsync(taskId));
        Assert.Equal((short)0, await rig.ScalarAsync<short>("select losses from task_ready"));
    }

    [Fact]
    public async Task Workers_that_turn_out_to_live_do_not_give_a_task_up_and_three_that_died_do()
    {
        var taskId = await rig.FileAsync();
        foreach (var livesOn in new[] { true, false, true, true, false, false })
        {
            Assert.Equal("pending", await rig.StateAsync(taskId));
            using var worker = await rig.RegisterAsync();
            Assert.Single(await rig.ClaimAsync(worker));
            rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
            if (livesOn) (await rig.RegisterAsync(former: worker.WorkerId)).Dispose(); // it was frozen or cut off
        }

        Assert.Equal("dead", await rig.StateAsync(taskId));
        Assert.Equal(["lost", "lost", "lost", "lost", "lost", "dead"], await rig.OutcomesAsync(taskId));
        Assert.Equal("3 workers died with it", await rig.ScalarAsync<string>("select reason from v_dead_tasks"));
    }

    [Fact]
    public async Task Deaths_before_a_redrive_do_not_count()
    {
        var taskId = await rig.FileAsync();
        for (var death = 1; death <= 5; death++)
        {
            using var worker = await rig.RegisterAsync();
            Assert.Single(await rig.ClaimAsync(worker));
            rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
            if (death == 3) await rig.Get<RedriveTask>().RunAsync(taskId, null, null, "test", null, CancellationToken.None);
        }

        Assert.Equal("pending", await rig.StateAsync(taskId));
    }

    [Fact]
    public async Task Only_one_of_those_that_must_run_alone_is_claimed_at_a_time()
    {
        for (var i = 0; i < 3; i++) await rig.FileAsync();
        for (var death = 1; death <= 2; death++)
        {
            using var worker = await rig.RegisterAsync();
            Assert.Equal(3, (await rig.ClaimAsync(worker, most: 10)).Count);
            rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
        }
        using var next = await rig.RegisterAsync();

        Assert.Single(await rig.ClaimAsync(next, most: 10));
        Assert.Empty(await rig.ClaimAsync(next, most: 10, soloFree: false));
    }

    [Fact]
    public async Task Of_different_kinds_that_must_run_alone_one_is_claimed_at_a_time_too()
    {
        await rig.FileAsync();
        await rig.FileAsync(new NewTask("other", """{"text":"x"}"""));
        for (var death = 1; death <= 2; death++)
        {
            using var worker = await rig.RegisterAsync();
            Assert.Equal(2, (await rig.ClaimAsync(worker, most: 10)).Count);
            rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
        }
        using var next = await rig.RegisterAsync();

        Assert.Single(await rig.ClaimAsync(next, most: 10));
    }

    [Fact]
    public async Task A_kind_with_a_longer_lease_is_taken_over_later()
    {
        await using var patient = new WorkerRig(database, kind => kind with { Lease = TimeSpan.FromMinutes(2) });
        await patient.FileAsync();
        using var worker = await patient.RegisterAsync();
        await patient.ClaimAsync(worker);

        patient.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await patient.Get<RescueTasks>().RunAsync(CancellationToken.None));
        patient.Time.Advance(TimeSpan.FromMinutes(1.1));
        Assert.Equal(1, await patient.Get<RescueTasks>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_tasks_of_the_last_of_many_that_died_do_not_wait_for_those_that_held_nothing()
    {
        for (var i = 0; i < 120; i++) (await rig.RegisterAsync()).Dispose();
        using var last = await rig.RegisterAsync();
        await rig.FileAsync();
        await rig.ClaimAsync(last);
        rig.Time.Advance(last.Lease + TimeSpan.FromSeconds(1));

        Assert.Equal(1, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Nor_for_those_that_hold_what_is_not_to_be_taken_yet()
    {
        await using var patient = new WorkerRig(database, kind => kind.Name == "echo" ? kind with { Lease = TimeSpan.FromMinutes(10) } : kind);
        for (var i = 0; i < 120; i++) await patient.FileAsync();
        for (var i = 0; i < 120; i++)
        {
            using var earlier = await patient.RegisterAsync();
            await patient.ClaimAsync(earlier);
        }
        using var last = await patient.RegisterAsync();
        await patient.FileAsync(new NewTask("other", """{"text":"x"}"""));
        await patient.ClaimAsync(last);
        patient.Time.Advance(last.Lease + TimeSpan.FromSeconds(1));

        Assert.Equal(1, await patient.Get<RescueTasks>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Of_very_many_that_died_a_pass_takes_so_many_and_those_that_were_heard_of_longest_ago_first()
    {
        for (var i = 0; i < 120; i++) await rig.FileAsync();
        var leases = new List<WorkerLease>();
        for (var i = 0; i < 120; i++)
        {
            leases.Add(await rig.RegisterAsync());
            await rig.ClaimAsync(leases[^1]);
        }
        await rig.ExecuteAsync("update workers set beat_at = beat_at - worker_id * interval '1 second'"); // the latest is the oldest
        rig.Time.Advance(leases[0].Lease + TimeSpan.FromSeconds(1));

        Assert.Equal(100, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));
        Assert.Equal(leases.Take(20).Select(l => l.WorkerId), await rig.ListAsync<long>("select worker_id from task_leases order by worker_id"));
        Assert.Equal(20, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));
        foreach (var lease in leases) lease.Dispose();
    }

    [Fact]
    public async Task Those_that_hold_nothing_are_looked_at_no_more_after_a_minute_however_many_they_are()
    {
        for (var i = 0; i < 120; i++) (await rig.RegisterAsync()).Dispose();
        rig.Time.Advance(TimeSpan.FromMinutes(2));

        await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);

        Assert.Equal(120L, await rig.ScalarAsync<long>("select count(*) from workers where cleared_at is not null"));
    }

    [Fact]
    public async Task A_claim_that_was_committed_after_the_rescue_is_found_later()
    {
        await rig.FileAsync();
        using var worker = await rig.RegisterAsync();
        rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));
        await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
        await rig.ExecuteAsync("""
            with r as (delete from task_ready returning *)
            insert into task_leases (task_id, epoch, worker_id, claimed_at, lane_id, failures, losses, flags)
            select task_id, epoch + 1, @WorkerId, ready_at, lane_id, failures, losses, flags from r
            """, new { worker.WorkerId });

        Assert.Equal(1, await rig.Get<RescueTasks>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Many_rescuers_at_once_move_each_task_once()
    {
        for (var i = 0; i < 100; i++) await rig.FileAsync();
        using var worker = await rig.RegisterAsync();
        await rig.ClaimAsync(worker, most: 100);
        rig.Time.Advance(worker.Lease + TimeSpan.FromSeconds(1));

        var moved = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => rig.Get<RescueTasks>().RunAsync(CancellationToken.None)));

        Assert.Equal(100, moved.Sum());
        Assert.Equal(100L, await rig.ScalarAsync<long>("select count(*) from task_ready"));
    }
}
