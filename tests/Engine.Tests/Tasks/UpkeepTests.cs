using Engine.Schedules;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>What the clock moves, without anybody asking.</summary>
public sealed class UpkeepTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task What_is_due_becomes_claimable_and_the_next_time_is_told()
    {
        var soon = await rig.FileAsync(TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromMinutes(1) });
        var later = await rig.FileAsync(TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromMinutes(9) });
        Assert.Equal((0, rig.Now + TimeSpan.FromMinutes(1)), Said(await rig.Get<PromoteDue>().RunAsync(CancellationToken.None)));
        rig.Time!.Advance(TimeSpan.FromMinutes(1));

        var moved = await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);

        Assert.Equal((1, rig.Now + TimeSpan.FromMinutes(8)), Said(moved));
        Assert.Single(moved.Lanes);
        Assert.Equal(("pending", "scheduled"), (await rig.StateAsync(soon), await rig.StateAsync(later)));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Several_nodes_promote_each_task_once()
    {
        await rig.FileAllAsync([.. Enumerable.Range(0, 500).Select(i => TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromMinutes(1), ConcurrencyKey = i % 50 == 0 ? "c" : null })]);
        rig.Time!.Advance(TimeSpan.FromMinutes(1));
        var nodes = Enumerable.Range(0, 6).Select(_ => new PromoteDue(rig.Get<MoveTasks>(), db.Source, rig.Time, rig.Get<PutTasks>(), rig.Get<WakeWorkers>()) { BatchRows = 20 });

        var moved = await Task.WhenAll(nodes.Select(n => Task.Run(() => n.RunAsync(CancellationToken.None))));

        Assert.Equal(500, moved.Sum(m => m.Count));
        await rig.Get<SweepHeld>().RunAsync(CancellationToken.None);
        Assert.Equal("491 9", await rig.ReadAsync<string>("select (select count(*) from task_ready) || ' ' || (select count(*) from task_held)"));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("pending", "waiting for a worker")]
    [InlineData("scheduled", "scheduled")]
    [InlineData("held", "a slot of its concurrency key")]
    [InlineData("waiting", "the tasks it depends on")]
    [InlineData("gated", "at a gate")]
    [InlineData("blocked", "blocked")]
    public async Task A_task_that_nobody_runs_is_given_up_when_its_deadline_passes(string state, string says)
    {
        await using var worker = await rig.WorkerAsync();
        var task = TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) };
        var taskId = await rig.FileAsync(state switch
        {
            "scheduled" => task with { DueAt = rig.Now + TimeSpan.FromMinutes(50) },
            "held" => task with { ConcurrencyKey = (await rig.FileAsync(TasksRig.New() with { ConcurrencyKey = "c" })) == default ? "" : "c" },
            "waiting" => task with { DependsOn = [await rig.FileAsync()] },
            _ => task,
        });
        if (state == "gated") await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));
        if (state == "blocked") await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.Fail(TaskFault.Persistent, "no"));
        Assert.Equal(0, (await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)).Count);
        rig.Time!.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, (await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)).Count);

        var seen = await rig.SeeAsync(taskId);
        Assert.Equal("dead", seen.State);
        Assert.Contains(says, seen.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_deadlines"));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_task_that_runs_at_its_deadline_is_looked_at_until_it_has_ended()
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync(TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) });
        var ended = await rig.FileAsync(TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) });
        await rig.CancelAsync(ended);
        var claimed = await worker.ClaimOneAsync(taskId);
        rig.Time!.Advance(TimeSpan.FromHours(1));

        Assert.Equal((0, rig.Now + TimeSpan.FromSeconds(5)), Said(await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)));
        Assert.Equal("running", await rig.StateAsync(taskId));
        Assert.Equal(taskId, await rig.ReadAsync<Guid>("select task_id from task_deadlines"));
        await worker.EndAsync(claimed, TaskResult.Snooze(TimeSpan.FromHours(1)));
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((1, null), Said(await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)));

        Assert.Equal(("dead", "cancelled"), (await rig.StateAsync(taskId), await rig.StateAsync(ended)));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_deadline_that_passes_while_somebody_claims_ends_the_task_or_lets_it_run()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 20; round++)
        {
            var ids = await rig.FileAllAsync([.. Enumerable.Range(0, 20).Select(_ => TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) })]);
            rig.Time!.Advance(TimeSpan.FromHours(2));

            var pass = Task.Run(() => rig.Get<PassDeadlines>().RunAsync(CancellationToken.None));
            var claimed = await Task.Run(() => worker.ClaimAsync());
            var passed = await pass;

            Assert.InRange(passed.Count + claimed.Count, 0, ids.Length);
            await TaskRules.CheckAsync(db);
            foreach (var task in claimed) await worker.SucceedAsync(task);
            rig.Time.Advance(TimeSpan.FromMinutes(1));
            await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None);
            Assert.Equal(0, await rig.ReadAsync<long>("select (select count(*) from task_ready) + (select count(*) from task_deadlines)"));
        }
    }

    [Fact]
    public async Task Workers_that_left_a_week_ago_are_forgotten()
    {
        await using var worker = await rig.WorkerAsync();
        await using var gone = await rig.WorkerAsync();
        await rig.ExecuteAsync("update workers set state = 'offline', cleared_at = @now where worker_id = @WorkerId", new { now = rig.Now - TimeSpan.FromDays(8), gone.WorkerId });

        Assert.Contains("1 workers", await KeepAsync(), StringComparison.Ordinal);

        Assert.Equal(worker.WorkerId, await rig.ReadAsync<long>("select worker_id from workers"));
    }

    [Fact]
    public async Task The_duty_is_registered_under_the_name_that_its_schedule_has()
    {
        Assert.Contains(rig.Get<IEnumerable<IScheduledDuty>>(), d => d is KeepTaskPartitions { Name: "task_partitions" });
        var migration = await File.ReadAllTextAsync(RepositoryFile.Path("db", "migrations", "0006_task_duties.sql"));
        Assert.Contains("('task_partitions', 'task_partitions', '0 7 * * * ?'", migration, StringComparison.Ordinal);
    }

    Task<string> KeepAsync() =>
        rig.Get<KeepTaskPartitions>().RunAsync(new ScheduledFire(rig.NewId(), "task_partitions", "task_partitions", rig.Now, false, rig.Now), CancellationToken.None);

    static (int Count, DateTimeOffset? NextAt) Said(MovedTasks moved) => (moved.Count, moved.NextAt);
}
