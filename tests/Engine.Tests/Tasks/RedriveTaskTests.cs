using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class RedriveTaskTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_failed_task_lives_again_with_its_history_and_higher_epochs()
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.Refuse("nothing to do"));
        Assert.Equal("failed", await rig.StateAsync(taskId));

        Assert.Equal(new TaskMove.Done("pending"), await rig.RedriveAsync(taskId));

        var seen = await rig.SeeAsync(taskId);
        Assert.Equal(("pending", 1L, (short)0, (short)0), (seen.State, seen.Epoch, seen.Failures, seen.Losses));
        var again = await worker.ClaimOneAsync(taskId);
        Assert.Equal(2, again.Row.Epoch);
        Assert.True(await worker.SucceedAsync(again));
        Assert.Equal(["failed True", "succeeded False"], (await rig.AttemptsAsync(taskId)).Select(a => $"{a.Outcome} {a.IsReopened}"));
        Assert.Contains("redriven token:test", await rig.TimelineAsync(taskId));
        Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from audit_log where action = 'task.redrive' and details ->> 'was' = 'failed'"));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Children_that_its_end_had_blocked_wait_again_and_are_released_by_its_success()
    {
        await using var worker = await rig.WorkerAsync();
        var parent = await rig.FileAsync();
        var child = await rig.FileAsync(TasksRig.New() with { DependsOn = [parent] });
        await rig.CancelAsync(parent);
        Assert.Equal("blocked", await rig.StateAsync(child));

        await rig.RedriveAsync(parent);

        Assert.Equal("waiting_dependency", await rig.StateAsync(child));
        await TaskRules.CheckAsync(db);
        Assert.True(await worker.SucceedAsync(await worker.ClaimOneAsync(parent)));
        await worker.ClaimOneAsync(child);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_child_comes_back_to_where_its_parents_stand_now()
    {
        await using var worker = await rig.WorkerAsync();
        var parents = await rig.FileAllAsync(TasksRig.New(), TasksRig.New());
        var child = await rig.FileAsync(TasksRig.New() with { DependsOn = parents });
        await rig.CancelAsync(child);
        var claimed = await worker.ClaimAsync();
        await worker.SucceedAsync(claimed.Single(c => c.Row.TaskId == parents[0]));

        Assert.Equal(new TaskMove.Done("waiting_dependency"), await rig.RedriveAsync(child));
        await TaskRules.CheckAsync(db);
        await worker.EndAsync(claimed.Single(c => c.Row.TaskId == parents[1]), TaskResult.Refuse("no"));
        Assert.Equal("blocked", await rig.StateAsync(child));

        await rig.CancelAsync(child);
        Assert.Equal(new TaskMove.Done("blocked"), await rig.RedriveAsync(child));
        await rig.CancelAsync(child);
        await rig.RedriveAsync(parents[1]);
        await worker.SucceedAsync(await worker.ClaimOneAsync(parents[1]));
        Assert.Equal(new TaskMove.Done("pending"), await rig.RedriveAsync(child));
        await worker.ClaimOneAsync(child);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Its_dedup_key_is_taken_again_or_the_live_holder_is_named()
    {
        var first = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });
        await rig.CancelAsync(first);
        var second = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });

        var refused = Assert.IsType<TaskMove.Refused>(await rig.RedriveAsync(first));
        Assert.Equal("dedup_key_taken", refused.Code);
        Assert.Contains($"{second}", refused.Reason, StringComparison.Ordinal);
        Assert.Equal("cancelled", await rig.StateAsync(first));

        await rig.CancelAsync(second);
        Assert.IsType<TaskMove.Done>(await rig.RedriveAsync(first));
        Assert.Equal(first, await rig.FileAsync(TasksRig.New() with { DedupKey = "d" }));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task It_waits_for_a_slot_of_its_concurrency_key_under_the_key_s_last_limit_even_when_nobody_had_used_it_since(int limit)
    {
        await using var worker = await rig.WorkerAsync();
        NewTask Keyed(int limit) => TasksRig.New() with { ConcurrencyKey = "c", ConcurrencyLimit = limit };
        var ids = await rig.FileAllAsync([Keyed(7), Keyed(limit), Keyed(limit), Keyed(limit)]);
        foreach (var taskId in ids) await rig.CancelAsync(taskId);
        await rig.Get<ForgetConcurrencyKeys>().RunAsync(CancellationToken.None);
        rig.Time!.Advance(TimeSpan.FromDays(89));
        await rig.Get<ForgetConcurrencyKeys>().RunAsync(CancellationToken.None);
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_slots"));

        foreach (var taskId in ids) Assert.Equal(new TaskMove.Done("pending"), await rig.RedriveAsync(taskId));

        Assert.Equal(limit, (await worker.ClaimAsync()).Count);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task What_was_decided_in_its_earlier_life_is_asked_again()
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));
        await rig.DecideAsync(taskId, "ship", "approved");
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.Refuse("too late"));

        await rig.RedriveAsync(taskId);

        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_gates"));
        Assert.Contains("gate_decision_dropped token:test", await rig.TimelineAsync(taskId));
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));
        Assert.Equal("waiting_approval", await rig.StateAsync(taskId));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData(1)] // before the deadline it was filed with
    [InlineData(3)]
    public async Task It_is_given_a_new_deadline_by_whoever_brings_it_back_which_then_holds(int hours)
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync(TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(2) });
        await rig.CancelAsync(taskId);
        rig.Time!.Advance(TimeSpan.FromHours(hours));

        Assert.Equal(new TaskMove.Done("pending"), await rig.RedriveAsync(taskId, new NewDeadline(rig.Now + TimeSpan.FromHours(6))));

        rig.Time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(0, (await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)).Count);
        await TaskRules.CheckAsync(db);
        Assert.Equal(rig.Now + TimeSpan.FromHours(1), (await worker.ClaimOneAsync(taskId)).DeadlineAt);
        await rig.ReassignAsync(taskId);
        rig.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, (await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)).Count);
        Assert.Equal("dead", await rig.StateAsync(taskId));
        Assert.Equal("none", await RedrivenWithoutAsync());

        async Task<string> RedrivenWithoutAsync()
        {
            await rig.RedriveAsync(taskId, new NewDeadline(null));
            return await rig.ReadAsync<string>("select details ->> 'deadline_at' from audit_log where action = 'task.redrive' order by recorded_at desc limit 1");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task It_may_take_its_time_when_it_is_brought_back_without_a_deadline(int hours)
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync(TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(2) });
        await rig.CancelAsync(taskId);
        rig.Time!.Advance(TimeSpan.FromHours(hours));

        Assert.Equal(new TaskMove.Done("pending"), await rig.RedriveAsync(taskId, new NewDeadline(null)));

        rig.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(0, (await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None)).Count);
        Assert.Null((await worker.ClaimOneAsync(taskId)).DeadlineAt);
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_deadlines"));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_new_deadline_that_has_passed_is_refused()
    {
        var taskId = await rig.FileAsync();
        await rig.CancelAsync(taskId);

        Assert.Equal("deadline_passed", Assert.IsType<TaskMove.Refused>(await rig.RedriveAsync(taskId, new NewDeadline(rig.Now))).Code);

        Assert.Equal("cancelled", await rig.StateAsync(taskId));
    }

    [Theory]
    [InlineData("live", "task_live")]
    [InlineData("succeeded", "task_succeeded")]
    [InlineData("late", "deadline_passed")]
    public async Task What_cannot_be_brought_back_is_refused_with_the_reason(string state, string code)
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync(TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) });
        if (state == "succeeded") await worker.SucceedAsync(await worker.ClaimOneAsync(taskId));
        if (state == "late")
        {
            await rig.CancelAsync(taskId);
            rig.Time!.Advance(TimeSpan.FromHours(2));
        }
        var before = await rig.SeeAsync(taskId);

        Assert.Equal(code, Assert.IsType<TaskMove.Refused>(await rig.RedriveAsync(taskId)).Code);

        Assert.Equal(before, await rig.SeeAsync(taskId));
    }

    [Fact]
    public async Task A_task_that_never_was_is_told_as_such() => Assert.IsType<TaskMove.NoSuchTask>(await rig.RedriveAsync(rig.NewId()));

    [Fact]
    public async Task Of_50_redrives_at_once_one_does_it()
    {
        var taskId = await rig.FileAsync(TasksRig.New() with { DedupKey = "d", ConcurrencyKey = "c" });
        await rig.CancelAsync(taskId);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => rig.RedriveAsync(taskId))));

        Assert.Single(outcomes, o => o is TaskMove.Done);
        Assert.Equal(49, outcomes.Count(o => o is TaskMove.Refused { Code: "task_live" }));
        await TaskRules.CheckAsync(db);
    }
}
