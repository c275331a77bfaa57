using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class GatesTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
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
    public async Task A_task_waits_without_lease_and_goes_on_with_the_decision()
    {
        var taskId = await GatedAsync("ship");
        Assert.Equal(("waiting_approval", "ship"), ((await rig.SeeAsync(taskId)).State, (await rig.SeeAsync(taskId)).Gate));

        Assert.Equal(new DecisionOutcome.Taken(Early: false), await rig.DecideAsync(taskId, "ship", "approved"));

        var again = await worker.ClaimOneAsync(taskId);
        var decision = await rig.Get<AttemptRecords>().DecisionAsync(again, "ship", CancellationToken.None);
        Assert.Equal(("approved", "token:test"), (decision!.Decision, decision.DecidedBy));
        Assert.Contains("gate_approved token:test", await rig.TimelineAsync(taskId));
        Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from audit_log where action = 'task.decide' and details ->> 'decision' = 'approved'"));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task The_first_decision_stands_and_a_later_one_is_told_of_it()
    {
        var taskId = await GatedAsync("ship");
        await rig.DecideAsync(taskId, "ship", "rejected", by: "token:first");

        var later = Assert.IsType<DecisionOutcome.AlreadyTaken>(await rig.DecideAsync(taskId, "ship", "approved", by: "token:second"));

        Assert.Equal(("rejected", "token:first", 1L), (later.First.Decision, later.First.DecidedBy, later.Epoch));
    }

    [Fact]
    public async Task A_decision_for_another_opening_is_refused()
    {
        var taskId = await GatedAsync("ship");
        Assert.Equal("stale_decision", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, "ship", "approved", epoch: 7)).Code);
        await rig.DecideAsync(taskId, "ship", "approved", epoch: 1);
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));

        var stale = Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, "ship", "approved", epoch: 1));

        Assert.Equal("stale_decision", stale.Code);
        Assert.Contains("epoch 2", stale.Reason, StringComparison.Ordinal);
        Assert.Equal("waiting_approval", await rig.StateAsync(taskId));
        Assert.Contains("gate_decision_dropped engine", await rig.TimelineAsync(taskId));
        Assert.Equal(new DecisionOutcome.Taken(Early: false), await rig.DecideAsync(taskId, "ship", "rejected", epoch: 2));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_decision_that_came_early_lets_the_task_go_straight_on()
    {
        var taskId = await rig.FileAsync(TasksRig.New() with { ConcurrencyKey = "c" });
        Assert.Equal(new DecisionOutcome.Taken(Early: true), await rig.DecideAsync(taskId, "ship", "approved"));
        Assert.IsType<DecisionOutcome.AlreadyTaken>(await rig.DecideAsync(taskId, "ship", "rejected"));
        Assert.Equal("gate_not_open", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, "ship", "rejected", epoch: 1)).Code);

        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));

        Assert.Equal("pending", await rig.StateAsync(taskId));
        await TaskRules.CheckAsync(db);
        var again = await worker.ClaimOneAsync(taskId);
        await worker.EndAsync(again, TaskResult.WaitForApproval("ship"));
        Assert.Equal("waiting_approval", await rig.StateAsync(taskId)); // it answered one opening, not the next
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData(true, "signalled")]
    [InlineData(false, "approved")]
    [InlineData(false, "rejected")]
    public async Task A_signal_is_no_approval_and_an_approval_no_signal(bool forApproval, string decision)
    {
        var open = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(open), forApproval ? TaskResult.WaitForApproval("g") : TaskResult.WaitForSignal("g"));
        Assert.Equal("wrong_decision", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(open, "g", decision)).Code);
        await TaskRules.CheckAsync(db);

        var early = await rig.FileAsync();
        await rig.DecideAsync(early, "g", decision);
        await worker.EndAsync(await worker.ClaimOneAsync(early), forApproval ? TaskResult.WaitForApproval("g") : TaskResult.WaitForSignal("g"));

        Assert.Equal(forApproval ? "waiting_approval" : "waiting_signal", await rig.StateAsync(early));
        Assert.Equal(new DecisionOutcome.Taken(false), await rig.DecideAsync(early, "g", forApproval ? "approved" : "signalled"));
    }

    [Fact]
    public async Task A_decision_for_a_task_that_has_ended_is_refused_with_its_state()
    {
        var taskId = await GatedAsync("ship");
        await rig.CancelAsync(taskId);

        foreach (var gate in new[] { "ship", "never_opened" })
        {
            var refused = Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, gate, "approved"));
            Assert.Equal("task_ended", refused.Code);
            Assert.Contains("cancelled", refused.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_gates where decision is not null"));
        Assert.IsType<DecisionOutcome.NoSuchTask>(await rig.DecideAsync(rig.NewId(), "ship", "approved"));
    }

    [Fact]
    public async Task A_gate_that_nobody_decides_in_time_has_expired_and_that_means_no()
    {
        var inTime = await GatedAsync("ship", TimeSpan.FromHours(2));
        var late = await GatedAsync("ship", TimeSpan.FromHours(1));
        rig.Time!.Advance(TimeSpan.FromMinutes(61));

        var passed = await rig.Get<ExpireGates>().RunAsync(CancellationToken.None);

        Assert.Equal((1, rig.Now + TimeSpan.FromMinutes(59)), (passed.Count, passed.NextAt!.Value));
        Assert.Equal("waiting_approval", await rig.StateAsync(inTime));
        var again = await worker.ClaimOneAsync(late);
        Assert.Equal("expired", (await rig.Get<AttemptRecords>().DecisionAsync(again, "ship", CancellationToken.None))!.Decision);
        Assert.Equal("expired", Assert.IsType<DecisionOutcome.AlreadyTaken>(await rig.DecideAsync(late, "ship", "approved")).First.Decision);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_waiting_task_holds_no_slot()
    {
        var ids = await rig.FileAllAsync(TasksRig.New() with { ConcurrencyKey = "c" }, TasksRig.New() with { ConcurrencyKey = "c" });
        await worker.EndAsync(await worker.ClaimOneAsync(ids[0]), TaskResult.WaitForApproval("ship"));

        var second = await worker.ClaimOneAsync(ids[1]);
        await rig.DecideAsync(ids[0], "ship", "approved");
        Assert.Empty(await worker.ClaimAsync());
        await worker.SucceedAsync(second);

        await worker.ClaimOneAsync(ids[0]);
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("approved", "pending")]
    [InlineData("rejected", "dead")]
    public async Task A_fault_of_the_task_waits_for_a_word_about_it(string decision, string state)
    {
        var taskId = await rig.FileAsync();
        Assert.Equal("gate_not_open", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, OpenGate.TaskFault, "approved")).Code);
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.Fail(TaskFault.TaskFault, "index out of range"));
        Assert.Equal(("waiting_approval", (short)1), ((await rig.SeeAsync(taskId)).State, (await rig.SeeAsync(taskId)).Failures));

        Assert.IsType<DecisionOutcome.Taken>(await rig.DecideAsync(taskId, OpenGate.TaskFault, decision));

        var seen = await rig.SeeAsync(taskId);
        Assert.Equal(state, seen.State);
        if (decision == "approved") Assert.Equal((short)0, seen.Failures);
        else Assert.Contains("given up by token:test", seen.Reason, StringComparison.Ordinal);
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("Ship", "approved", "token:x", null, "gate must")]
    [InlineData("ship", "expired", "token:x", null, "decision must")]
    [InlineData("ship", "approved", "", null, "who decides")]
    [InlineData("ship", "approved", "token:x", "[1]", "must be an object")]
    [InlineData("ship", "approved", "token:x", "{", "not JSON")]
    [InlineData("ship", "approved", "token:x", "{\"a\":\"\\u0000\"}", "U+0000")]
    [InlineData("ship", "approved", "token:x", "{\"a\":\"\\ud83d\"}", "surrogate")]
    public async Task A_decision_that_is_none_is_refused_in_words(string gate, string decision, string by, string? detail, string says)
    {
        var taskId = await rig.FileAsync();

        var refused = Assert.IsType<DecisionOutcome.Refused>(await rig.Get<DecideGate>().RunAsync(new NewDecision(taskId, gate, null, decision, by, detail), CancellationToken.None));

        Assert.Equal("invalid_request", refused.Code);
        Assert.Contains(says, refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_has_at_most_100_gates()
    {
        var taskId = await rig.FileAsync();
        for (var i = 0; i < 100; i++) Assert.IsType<DecisionOutcome.Taken>(await rig.DecideAsync(taskId, $"g{i}", "approved"));

        Assert.Equal("too_many_gates", Assert.IsType<DecisionOutcome.Refused>(await rig.DecideAsync(taskId, "one_more", "approved")).Code);
    }

    [Fact]
    public async Task A_decision_in_a_transaction_that_is_rolled_back_was_never_made()
    {
        var taskId = await GatedAsync("ship");
        await using (var connection = await db.Source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            Assert.IsType<DecisionOutcome.Taken>(await rig.Get<DecideGate>().RunAsync(connection, transaction, new NewDecision(taskId, "ship", 1, "approved", "token:x"), CancellationToken.None));
            await transaction.RollbackAsync();
        }

        Assert.Equal("waiting_approval", await rig.StateAsync(taskId));
        Assert.Equal(new DecisionOutcome.Taken(false), await rig.DecideAsync(taskId, "ship", "rejected"));
    }

    async Task<Guid> GatedAsync(string gate, TimeSpan? expires = null)
    {
        var taskId = await rig.FileAsync();
        Assert.True(await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval(gate, expires)));
        return taskId;
    }
}
