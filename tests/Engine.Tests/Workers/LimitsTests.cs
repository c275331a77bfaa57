using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

/// <summary>Rate limits and circuit breakers, which hold for all workers together.</summary>
public sealed class LimitsTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Theory]
    [InlineData(10, 10)]
    [InlineData(2.5, 3)]
    [InlineData(0.5, 1)]
    public async Task In_any_time_no_more_starts_are_given_out_than_the_rate_and_one_seconds_burst(double perSecond, int burst)
    {
        const int Seconds = 20;
        var starts = rig.Get<TakeStarts>();
        await starts.DefineAsync("echo", perSecond, CancellationToken.None);
        for (var i = 0; i < 4; i++) await rig.FileAsync();
        var lanes = await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromMinutes(1)); // being idle saves up one second, not a minute

        var given = 0;
        for (var tenth = 0; tenth < Seconds * 10; tenth++)
        {
            var taken = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => starts.RunAsync("echo", lanes, new Dictionary<int, long>(), 4, CancellationToken.None)));
            given += taken.Sum(t => t?.Starts ?? 0);
            rig.Time.Advance(TimeSpan.FromSeconds(0.1));
        }

        Assert.InRange(given, (int)(perSecond * (Seconds - 1)), (int)Math.Ceiling(perSecond * Seconds) + burst);
    }

    [Fact]
    public async Task No_more_is_taken_from_a_rate_than_there_is_to_start()
    {
        var starts = rig.Get<TakeStarts>();
        await starts.DefineAsync("echo", 5, CancellationToken.None);
        await rig.FileAsync(new NewTask("other", """{"text":"x"}"""));

        var lanes = await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await starts.RunAsync("echo", [new TaskLane(-1, "echo", [], TaskPriority.Normal, false)], new Dictionary<int, long>(), 5, CancellationToken.None));
        Assert.Equal(1, (await starts.RunAsync("echo", lanes, new Dictionary<int, long>(), 5, CancellationToken.None))!.Starts);
    }

    [Fact]
    public async Task What_is_left_of_a_kinds_limit_holds_for_all_its_priorities_together()
    {
        foreach (var priority in Enum.GetValues<TaskPriority>()) await rig.FileAsync(new NewTask("echo", """{"text":"x"}""") { Priority = priority });
        await rig.FileAsync(new NewTask("other", """{"text":"x"}"""));
        using var worker = await rig.RegisterAsync();

        var claimed = await rig.ClaimAsync(worker, most: 10, limits: new Dictionary<string, int> { ["echo"] = 1 });

        Assert.Equal(["echo", "other"], claimed.Select(c => c.Kind).Order());
    }

    [Fact]
    public async Task A_standing_kind_gets_one_probe_at_a_time_and_works_again_when_fewer_than_a_fifth_fail()
    {
        var breakers = rig.Get<Breakers>();
        await rig.FileAsync();
        await breakers.OpenAsync("echo", "ssssffffff", "6 of the last 10 attempts failed", CancellationToken.None);
        Assert.Equal("open", Assert.Single(await breakers.ReadAsync(CancellationToken.None)).State);
        Assert.False(await TakeAsync(1)); // too soon

        rig.Time.Advance(TimeSpan.FromSeconds(5));
        var tickets = await Task.WhenAll(Enumerable.Range(1, 8).Select(worker => TakeAsync(worker)));
        var winner = Array.IndexOf(tickets, true) + 1;
        Assert.Single(tickets, t => t);

        await breakers.EndProbeAsync("echo", winner, isGood: true, 0, CancellationToken.None);
        for (var probe = 2; probe <= 9; probe++)
        {
            Assert.Single(await breakers.ReadAsync(CancellationToken.None)); // more than one of ten still failed
            Assert.True(await TakeAsync(1));
            await breakers.EndProbeAsync("echo", 1, isGood: true, 0, CancellationToken.None);
        }
        Assert.Empty(await breakers.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_probe_that_fails_opens_again_for_longer_and_one_whose_worker_died_is_given_to_another()
    {
        var breakers = rig.Get<Breakers>();
        await rig.FileAsync();
        await breakers.OpenAsync("echo", "ffffff", "x", CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await TakeAsync(1));
        await breakers.EndProbeAsync("echo", 1, isGood: false, 1, CancellationToken.None);

        rig.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(await TakeAsync(1));
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await TakeAsync(2));
        Assert.False(await TakeAsync(3));
        rig.Time.Advance(TimeSpan.FromSeconds(16)); // the ticket has run out
        Assert.True(await TakeAsync(3));
        await breakers.EndProbeAsync("echo", 2, isGood: true, 0, CancellationToken.None); // too late: it is not its probe any more
        Assert.Equal(3, Assert.Single(await breakers.ReadAsync(CancellationToken.None)).ProbeBy);
    }

    [Fact]
    public async Task A_probe_that_found_nothing_to_claim_or_was_given_back_is_tried_again_by_the_same_worker()
    {
        var limits = rig.Get<ClaimLimits>();
        await rig.FileAsync();
        using var worker = await rig.RegisterAsync();
        await rig.Get<Breakers>().OpenAsync("echo", "ffffff", "x", CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, await MayTakeAsync(limits, worker));
        Assert.Equal(1, await MayTakeAsync(limits, worker)); // another worker had taken the only task

        var task = Assert.Single(await rig.ClaimAsync(worker));
        limits.Claimed("echo", task.Row.TaskId);
        Assert.Equal(0, await MayTakeAsync(limits, worker));
        await limits.EndedAsync(task, new TaskResult.Returned(), "", CancellationToken.None);
        await rig.EndAsync((task, new TaskResult.Returned()));
        Assert.Equal(1, await MayTakeAsync(limits, worker));
    }

    [Fact]
    public async Task A_probe_that_takes_long_stays_the_only_one()
    {
        var limits = rig.Get<ClaimLimits>();
        await rig.FileAsync();
        await rig.FileAsync();
        using var worker = await rig.RegisterAsync();
        await rig.Get<Breakers>().OpenAsync("echo", "ffffff", "x", CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await MayTakeAsync(limits, worker));
        var task = Assert.Single(await rig.ClaimAsync(worker));
        limits.Claimed("echo", task.Row.TaskId);

        rig.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.False(await TakeAsync(worker.WorkerId + 1));

        Assert.True(await limits.EndedAsync(task, TaskResult.Done(), "", CancellationToken.None));
        Assert.Equal("s", (await rig.ScalarAsync<string>("select recent from task_breakers"))[^1..]);
    }

    [Fact]
    public async Task The_end_of_a_task_that_had_begun_before_its_kind_stood_still_is_no_probes()
    {
        var limits = rig.Get<ClaimLimits>();
        await rig.FileAsync();
        await rig.FileAsync();
        using var worker = await rig.RegisterAsync();
        var earlier = Assert.Single(await rig.ClaimAsync(worker));
        await rig.Get<Breakers>().OpenAsync("echo", "ffffff", "x", CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await MayTakeAsync(limits, worker));

        Assert.False(await limits.EndedAsync(earlier, TaskResult.Fail(TaskFault.Transient, "x"), "f", CancellationToken.None));

        Assert.Equal("probing", await rig.ScalarAsync<string>("select state from task_breakers"));
    }

    async Task<int> MayTakeAsync(ClaimLimits limits, WorkerLease worker)
    {
        await limits.ReadAsync(CancellationToken.None);
        return (await limits.RunAsync(worker.WorkerId, worker, await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None), new Dictionary<int, long>(), 5, CancellationToken.None)).Kinds["echo"];
    }

    [Fact]
    public async Task A_worker_is_compared_with_two_others_at_least_and_kind_by_kind()
    {
        using var own = await rig.RegisterAsync();
        using var second = await rig.RegisterAsync();
        await RanAsync(own, "{\"echo\": 400, \"other\": 90000}");
        await RanAsync(second, "{\"echo\": 100}");
        Assert.Null(await rig.Get<ReadSlowness>().RunAsync(own.WorkerId, CancellationToken.None));

        using var third = await rig.RegisterAsync();
        await RanAsync(third, "{\"echo\": 120}");

        Assert.Equal(400 / 110.0, (await rig.Get<ReadSlowness>().RunAsync(own.WorkerId, CancellationToken.None))!.Value, precision: 6);
    }

    Task RanAsync(WorkerLease lease, string means) => rig.ExecuteAsync("update workers set kind_run_ms = @means::jsonb where worker_id = @WorkerId", new { means, lease.WorkerId });

    Task<bool> TakeAsync(long worker) => rig.Get<Breakers>().TakeProbeAsync("echo", worker, TimeSpan.FromSeconds(15), CancellationToken.None);
}
