using Engine.Tasks;
using Support;

namespace Engine.Tests.Workers;

public sealed class EndAttemptsTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    public static TheoryData<string, TaskResult, string> Ends() => new()
    {
        { "success", TaskResult.Done(new EchoTask.Payload("y")), "succeeded" },
        { "refusal", TaskResult.Refuse("no"), "failed" },
        { "snooze", TaskResult.Snooze(TimeSpan.FromHours(1)), "scheduled" },
        { "transient", TaskResult.Fail(TaskFault.Transient, "no"), "scheduled" },
        { "persistent", TaskResult.Fail(TaskFault.Persistent, "no"), "blocked" },
        { "its fault", TaskResult.Fail(TaskFault.TaskFault, "no"), "waiting_approval" },
        { "approval", TaskResult.WaitForApproval("ship"), "waiting_approval" },
        { "signal", TaskResult.WaitForSignal("built"), "waiting_signal" },
        { "given back", new TaskResult.Returned(), "pending" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task Each_end_leads_to_its_state(string what, TaskResult result, string state)
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var task = Assert.Single(await rig.ClaimAsync(lease));

        Assert.Empty(await rig.EndAsync((task, result)));

        Assert.Equal((what, state), (what, await rig.StateAsync(taskId)));
        Assert.Equal(0L, await rig.ScalarAsync<long>("select count(*) from task_leases"));
        Assert.Single(await rig.OutcomesAsync(taskId));
    }

    [Fact]
    public async Task Three_transient_failures_block_with_the_last_reason()
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        for (var failure = 1; failure <= 3; failure++)
        {
            var task = Assert.Single(await rig.ClaimAsync(lease));
            await rig.EndAsync((task, TaskResult.Fail(TaskFault.Transient, $"reason {failure}")));
            rig.Time.Advance(TimeSpan.FromSeconds(5));
            await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
            await rig.ExecuteAsync("update workers set lease_until = lease_until + interval '1 hour'");
        }

        Assert.Equal("blocked", await rig.StateAsync(taskId));
        Assert.Equal(["retried", "retried", "blocked"], await rig.OutcomesAsync(taskId));
        Assert.Equal("failed 3 times, at last: reason 3", await rig.ScalarAsync<string>("select reason from v_dead_tasks"));
    }

    [Fact]
    public async Task A_failure_past_the_deadline_is_the_end()
    {
        var taskId = await rig.FileAsync(new NewTask("echo", """{"text":"x"}""") { DeadlineAt = rig.Time.GetUtcNow().AddMinutes(1) });
        using var lease = await rig.RegisterAsync();
        var task = Assert.Single(await rig.ClaimAsync(lease));
        rig.Time.Advance(TimeSpan.FromMinutes(2));

        await rig.EndAsync((task, TaskResult.Fail(TaskFault.Transient, "too slow")));

        Assert.Equal("dead", await rig.StateAsync(taskId));
    }

    [Fact]
    public async Task A_batch_of_many_kinds_of_ends_is_written_whole()
    {
        for (var i = 0; i < Ends().Count; i++) await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var tasks = await rig.ClaimAsync(lease, most: 100);

        await rig.EndAsync(tasks.Zip(Ends(), (task, end) => (task, (TaskResult)((object[])end)[1])));

        Assert.Equal(tasks.Count, (int)await rig.ScalarAsync<long>("select count(*) from task_attempts"));
        Assert.Equal(tasks.Count, (int)await rig.ScalarAsync<long>("select count(*) from governance_tasks where kind = 'echo'"));
    }
}
