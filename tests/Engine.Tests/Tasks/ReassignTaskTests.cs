using Engine.Tasks;
using Npgsql;
using Support;

namespace Engine.Tests.Tasks;

public sealed class ReassignTaskTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task Another_worker_gets_it_at_once_uncharged_and_the_old_one_is_told_and_refused()
    {
        await using var old = await rig.WorkerAsync();
        await using var other = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        var claimed = await old.ClaimOneAsync(taskId);
        await using var listener = await db.Source.OpenConnectionAsync();
        var told = new List<string>();
        listener.Notification += (_, e) => told.Add(e.Payload);
        await using (var listen = new NpgsqlCommand($"listen {WakeWorkers.Channel}", listener)) await listen.ExecuteNonQueryAsync();

        Assert.Equal(new TaskMove.Done("pending"), await rig.ReassignAsync(taskId));

        while (!told.Contains($"stop:{taskId}")) Assert.True(await listener.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Empty(await old.ClaimAsync());
        var again = await other.ClaimOneAsync(taskId);
        Assert.Equal((2L, (short)0, (short)0), (again.Row.Epoch, again.Row.Failures, again.Row.Losses));
        Assert.False(await old.SucceedAsync(claimed));
        Assert.True(await other.SucceedAsync(again));
        Assert.Equal(["reassigned", "succeeded"], (await rig.AttemptsAsync(taskId)).Select(a => a.Outcome));
        Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from audit_log where action = 'task.reassign' and details ->> 'worker_id' = @id", new { id = $"{old.WorkerId}" }));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task It_keeps_its_slot_so_that_nobody_slips_in_between()
    {
        await using var worker = await rig.WorkerAsync();
        var ids = await rig.FileAllAsync(TasksRig.New() with { ConcurrencyKey = "k" }, TasksRig.New() with { ConcurrencyKey = "k" });
        await worker.ClaimOneAsync(ids[0]);

        await rig.ReassignAsync(ids[0]);

        Assert.Equal(ids[0], await rig.ReadAsync<Guid>("select task_id from task_slots"));
        Assert.Equal(ids[1], await rig.ReadAsync<Guid>("select task_id from task_held"));
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("pending")]
    [InlineData("scheduled")]
    [InlineData("waiting_dependency")]
    public async Task A_task_that_does_not_run_is_refused(string state)
    {
        var parent = await rig.FileAsync();
        var taskId = state switch
        {
            "scheduled" => await rig.FileAsync(TasksRig.New() with { DueAt = rig.Now + TimeSpan.FromHours(1) }),
            "waiting_dependency" => await rig.FileAsync(TasksRig.New() with { DependsOn = [parent] }),
            _ => parent,
        };

        Assert.Equal("task_not_running", Assert.IsType<TaskMove.Refused>(await rig.ReassignAsync(taskId)).Code);

        Assert.Equal(state, await rig.StateAsync(taskId));
    }

    [Fact]
    public async Task A_task_that_has_ended_stays_so()
    {
        var taskId = await rig.FileAsync();
        await rig.CancelAsync(taskId);

        Assert.Equal("cancelled", Assert.IsType<TaskMove.AlreadyEnded>(await rig.ReassignAsync(taskId)).State);
        Assert.IsType<TaskMove.NoSuchTask>(await rig.ReassignAsync(rig.NewId()));
    }
}
