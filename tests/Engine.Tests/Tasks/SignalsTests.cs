using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>Signals that come at other times than the gate that they are for is open.</summary>
public sealed class SignalsTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;
    ProbeWorker worker = null!;

    public async Task InitializeAsync()
    {
        rig = await TasksRig.OnEmptyAsync(db);
        worker = await rig.WorkerAsync();
    }

    public async Task DisposeAsync()
    {
        await worker.DisposeAsync();
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task A_signal_that_comes_before_the_gate_opens_again_answers_the_next_opening_and_only_that()
    {
        var taskId = await rig.FileAsync();
        await WaitForTickAsync(await worker.ClaimOneAsync(taskId));
        await rig.DecideAsync(taskId, "tick", "signalled", by: "token:first");
        var second = await worker.ClaimOneAsync(taskId);

        Assert.Equal(new DecisionOutcome.Taken(Early: true), await rig.DecideAsync(taskId, "tick", "signalled", by: "token:next"));
        Assert.Equal("token:next", Assert.IsType<DecisionOutcome.AlreadyTaken>(await rig.DecideAsync(taskId, "tick", "signalled", by: "token:third")).First.DecidedBy);

        Assert.Equal("token:first", (await DecisionAsync(second))!.DecidedBy); // who woke it is still told
        rig.Time!.Advance(TimeSpan.FromMinutes(1));
        await WaitForTickAsync(second);
        Assert.Equal("pending", await rig.StateAsync(taskId));
        await TaskRules.CheckAsync(db);
        var third = await worker.ClaimOneAsync(taskId);
        Assert.Equal(("signalled", "token:next", rig.Now), ((await DecisionAsync(third))!.Decision, (await DecisionAsync(third))!.DecidedBy, (await DecisionAsync(third))!.DecidedAt));
        await WaitForTickAsync(third);
        Assert.Equal("waiting_signal", await rig.StateAsync(taskId));
        Assert.Equal(new DecisionOutcome.Taken(Early: false), await rig.DecideAsync(taskId, "tick", "signalled"));
        await TaskRules.CheckAsync(db);
        var timeline = await rig.TimelineAsync(taskId);
        Assert.Contains("signal_kept token:next", timeline);
        Assert.Equal(2, timeline.Count(e => e == "gate_decision_dropped engine")); // what the row of the gate does not tell any more
    }

    [Theory]
    [InlineData("signalled", "signalled", 1L)] // said again: it means the opening that was answered
    [InlineData("approved", "approved", null)] // an approval answers a question that was asked
    [InlineData("approved", "signalled", null)]
    public async Task What_is_no_further_signal_is_told_of_the_first_decision(string first, string next, long? epoch)
    {
        var taskId = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), first == "signalled" ? TaskResult.WaitForSignal("g") : TaskResult.WaitForApproval("g"));
        await rig.DecideAsync(taskId, "g", first);

        Assert.IsType<DecisionOutcome.AlreadyTaken>(await rig.DecideAsync(taskId, "g", next, epoch));
    }

    [Fact]
    public async Task A_signal_that_comes_too_late_for_one_opening_is_kept_for_the_next()
    {
        var taskId = await rig.FileAsync();
        await WaitForTickAsync(await worker.ClaimOneAsync(taskId), TimeSpan.FromMinutes(1));
        rig.Time!.Advance(TimeSpan.FromMinutes(2));
        await rig.Get<ExpireGates>().RunAsync(CancellationToken.None);

        Assert.Equal(new DecisionOutcome.Taken(Early: true), await rig.DecideAsync(taskId, "tick", "signalled"));

        await WaitForTickAsync(await worker.ClaimOneAsync(taskId));
        Assert.Equal("signalled", (await DecisionAsync(await worker.ClaimOneAsync(taskId)))!.Decision);
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("redriven")]
    [InlineData("approval")]
    public async Task A_kept_signal_that_nothing_waits_for_any_more_is_dropped_and_that_is_told(string instead)
    {
        var taskId = await rig.FileAsync();
        await WaitForTickAsync(await worker.ClaimOneAsync(taskId));
        await rig.DecideAsync(taskId, "tick", "signalled");
        await rig.DecideAsync(taskId, "tick", "signalled", by: "token:next");

        if (instead == "approval")
        {
            await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("tick"));
            Assert.Equal("waiting_approval", await rig.StateAsync(taskId));
        }
        else
        {
            await rig.CancelAsync(taskId);
            Assert.Equal("task_ended", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, "tick", "signalled")).Code);
            if (instead == "redriven") await rig.RedriveAsync(taskId);
        }

        Assert.Equal(instead == "cancelled" ? 0 : 1, await rig.ReadAsync<long>(
            "select count(*) from task_notes where task_id = @taskId and event = 'gate_decision_dropped' and detail ->> 'decided_by' = 'token:next'", new { taskId }));
        await TaskRules.CheckAsync(db);
    }

    async Task WaitForTickAsync(ClaimedTask task, TimeSpan? expires = null) => Assert.True(await worker.EndAsync(task, TaskResult.WaitForSignal("tick", expires)));

    Task<GateDecision?> DecisionAsync(ClaimedTask task) => rig.Get<AttemptRecords>().DecisionAsync(task, "tick", CancellationToken.None);
}
