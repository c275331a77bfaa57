using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class RetryTaskTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_blocked_task_runs_again_as_if_nothing_had_failed()
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.Fail(TaskFault.Persistent, "no such branch"));
        Assert.Equal("blocked", await rig.StateAsync(taskId));

        Assert.Equal(new TaskMove.Done("pending"), await rig.RetryAsync(taskId));

        var seen = await rig.SeeAsync(taskId);
        Assert.Equal(("pending", (short)0, (short)0), (seen.State, seen.Failures, seen.Losses));
        Assert.Contains("retried_by_hand token:test", await rig.TimelineAsync(taskId));
        Assert.Equal(2, (await worker.ClaimOneAsync(taskId)).Row.Epoch);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_scheduled_task_runs_now()
    {
        var taskId = await rig.FileAsync(TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromDays(1) });

        Assert.Equal(new TaskMove.Done("pending"), await rig.RetryAsync(taskId));

        await using var worker = await rig.WorkerAsync();
        await worker.ClaimOneAsync(taskId);
    }

    [Fact]
    public async Task A_task_that_lost_two_workers_leaves_the_lane_of_those_that_run_alone()
    {
        var taskId = await rig.FileAsync();
        for (var i = 0; i < 2; i++)
        {
            await using var worker = await rig.WorkerAsync();
            await worker.ClaimOneAsync(taskId);
            await worker.DieAsync();
            await rig.Get<Engine.Workers.RescueTasks>().RunAsync(CancellationToken.None);
        }
        await using var last = await rig.WorkerAsync();
        await last.EndAsync(await last.ClaimOneAsync(taskId), TaskResult.Snooze(TimeSpan.FromHours(1)));
        const string Solo = "select l.solo from task_lanes l join (select lane_id from task_due union all select lane_id from task_ready) t on t.lane_id = l.lane_id";
        Assert.True(await rig.ReadAsync<bool>(Solo));

        await rig.RetryAsync(taskId);

        Assert.False(await rig.ReadAsync<bool>(Solo));
        Assert.Equal((short)0, (await rig.SeeAsync(taskId)).Losses);
    }

    [Fact]
    public async Task A_task_that_needs_a_slot_waits_for_one()
    {
        await using var worker = await rig.WorkerAsync();
        var ids = await rig.FileAllAsync(TasksRig.New() with { ConcurrencyKey = "k" }, TasksRig.New() with { ConcurrencyKey = "k" });
        await worker.EndAsync(await worker.ClaimOneAsync(ids[0]), TaskResult.Fail(TaskFault.Persistent, "no"));

        await rig.RetryAsync(ids[0]);

        Assert.Equal(ids[0], await rig.ReadAsync<Guid>("select task_id from task_held"));
        Assert.Equal(ids[1], await rig.ReadAsync<Guid>("select task_id from task_ready"));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("pending", "not_retryable", "pending")]
    [InlineData("running", "not_retryable", "running, with worker")]
    [InlineData("waiting", "not_retryable", "waits for the tasks")]
    [InlineData("gated", "not_retryable", "the gate ship")]
    [InlineData("succeeded", "task_ended", "succeeded")]
    [InlineData("cancelled", "task_ended", "redrive")]
    public async Task What_is_neither_blocked_nor_due_is_refused_and_stays(string state, string code, string says)
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        switch (state)
        {
            case "running": await worker.ClaimOneAsync(taskId); break;
            case "gated": await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship")); break;
            case "succeeded": await worker.SucceedAsync(await worker.ClaimOneAsync(taskId)); break;
            case "cancelled": await rig.CancelAsync(taskId); break;
            case "waiting": taskId = await rig.FileAsync(TasksRig.New() with { DependsOn = [taskId] }); break;
        }
        var before = await rig.SeeAsync(taskId);

        var refused = Assert.IsType<TaskMove.Refused>(await rig.RetryAsync(taskId));

        Assert.Equal(code, refused.Code);
        Assert.Contains(says, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(before, await rig.SeeAsync(taskId));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_task_that_never_was_is_told_as_such() => Assert.IsType<TaskMove.NoSuchTask>(await rig.RetryAsync(rig.NewId()));
}
