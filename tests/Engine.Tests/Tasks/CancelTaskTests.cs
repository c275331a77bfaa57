using Engine.Tasks;
using Npgsql;
using Support;

namespace Engine.Tests.Tasks;

public sealed class CancelTaskTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_task_that_nobody_holds_ends_under_an_epoch_that_nobody_had()
    {
        var taskId = await rig.FileAsync();

        Assert.Equal(new TaskMove.Done("cancelled"), await rig.CancelAsync(taskId, "not needed"));

        Assert.Equal("cancelled", await rig.StateAsync(taskId));
        var attempt = Assert.Single(await rig.AttemptsAsync(taskId));
        Assert.Equal((1L, null, "cancelled", "cancelled", "not needed"), (attempt.Epoch, attempt.WorkerId, attempt.Outcome, attempt.FinalState, attempt.Error));
        Assert.Contains("cancelled token:test", await rig.TimelineAsync(taskId));
        Assert.Equal($"token:test task:{taskId} not needed 127.0.0.1", await rig.ReadAsync<string>(
            "select actor || ' ' || subject || ' ' || (details ->> 'reason') || ' ' || source from audit_log where action = 'task.cancel'"));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("due")]
    [InlineData("held")]
    [InlineData("waiting")]
    [InlineData("gated")]
    [InlineData("parked")]
    [InlineData("claimed before")]
    public async Task A_task_can_be_cancelled_wherever_it_is(string place)
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = place switch
        {
            "due" => await rig.FileAsync(TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromHours(1) }),
            "held" => (await rig.FileAllAsync(TasksRig.New() with { ConcurrencyKey = "k" }, TasksRig.New() with { ConcurrencyKey = "k" }))[1],
            "waiting" => await rig.FileAsync(TasksRig.New() with { DependsOn = [await rig.FileAsync()] }),
            _ => await rig.FileAsync(),
        };
        TaskResult? end = place switch
        {
            "gated" => TaskResult.WaitForApproval("go"), "parked" => TaskResult.Fail(TaskFault.Persistent, "no"),
            "claimed before" => TaskResult.Fail(TaskFault.WorkerLost, "try elsewhere"), _ => null,
        };
        if (end is not null) Assert.True(await worker.EndAsync(await worker.ClaimOneAsync(taskId), end));
        await TaskRules.CheckAsync(db);

        Assert.Equal(new TaskMove.Done("cancelled"), await rig.CancelAsync(taskId));

        Assert.Equal("cancelled", await rig.StateAsync(taskId));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_running_task_is_taken_from_its_worker_which_is_told_and_whose_finish_is_refused()
    {
        var taskId = await rig.FileAsync();
        await using var worker = await rig.WorkerAsync();
        var claimed = await worker.ClaimOneAsync(taskId);
        await using var listener = await db.Source.OpenConnectionAsync();
        var told = new List<string>();
        listener.Notification += (_, e) => told.Add(e.Payload);
        await using (var listen = new NpgsqlCommand($"listen {WakeWorkers.Channel}", listener)) await listen.ExecuteNonQueryAsync();

        Assert.Equal(new TaskMove.Done("cancelled"), await rig.CancelAsync(taskId));

        Assert.True(await listener.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Contains($"stop:{taskId}", told);
        Assert.False(await worker.SucceedAsync(claimed));
        var attempt = Assert.Single(await rig.AttemptsAsync(taskId));
        Assert.Equal((1L, worker.WorkerId, "cancelled"), (attempt.Epoch, attempt.WorkerId, attempt.Outcome));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_task_that_has_ended_stays_as_it_ended()
    {
        var taskId = await rig.FileAsync();
        await using var worker = await rig.WorkerAsync();
        Assert.True(await worker.SucceedAsync(await worker.ClaimOneAsync(taskId)));

        Assert.Equal("succeeded", Assert.IsType<TaskMove.AlreadyEnded>(await rig.CancelAsync(taskId)).State);

        Assert.Equal("succeeded", await rig.StateAsync(taskId));
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from audit_log where action = 'task.cancel'"));
    }

    [Fact]
    public async Task A_task_that_never_was_is_told_as_such() => Assert.IsType<TaskMove.NoSuchTask>(await rig.CancelAsync(rig.NewId()));

    [Fact]
    public async Task The_end_blocks_children_and_frees_key_and_slot()
    {
        var parent = await rig.FileAsync(TasksRig.New() with { DedupKey = "d", ConcurrencyKey = "c" });
        var child = await rig.FileAsync(TasksRig.New() with { DependsOn = [parent] });
        var next = await rig.FileAsync(TasksRig.New() with { ConcurrencyKey = "c" });

        await rig.CancelAsync(parent);

        Assert.Equal("blocked", await rig.StateAsync(child));
        Assert.NotEqual(parent, await rig.FileAsync(TasksRig.New() with { DedupKey = "d" }));
        Assert.Equal(next, await rig.ReadAsync<Guid>("select task_id from task_ready where task_id = @next", new { next }));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_cancel_and_a_finish_at_the_same_moment_end_the_task_once()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 40; round++)
        {
            var taskId = await rig.FileAsync(round % 2 == 0 ? TasksRig.New() : TasksRig.New() with { DedupKey = "same" });
            var claimed = await worker.ClaimOneAsync(taskId);

            var cancel = Task.Run(() => rig.CancelAsync(taskId));
            var finish = Task.Run(() => worker.SucceedAsync(claimed));
            await Task.WhenAll(cancel, finish);

            Assert.Equal(await finish, await cancel is TaskMove.AlreadyEnded);
            Assert.Equal(await finish ? "succeeded" : "cancelled", await rig.StateAsync(taskId));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_reason_may_be_any_text()
    {
        var taskId = await rig.FileAsync();

        Assert.IsType<TaskMove.Done>(await rig.CancelAsync(taskId, "\0 \ud83d " + new string('x', 100_000)));

        Assert.InRange((await rig.SeeAsync(taskId)).Reason!.Length, 1900, 2000);
    }
}
