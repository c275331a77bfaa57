using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>Rows 15 and 16 of the fault matrix: one decision for each opening of a gate, and none for what is over.</summary>
public sealed class GateRaceTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // decided before it is opened
    public async Task Of_50_people_who_approve_and_reject_at_once_one_decides_and_the_others_see_it(bool isOpen)
    {
        for (var round = 0; round < 6; round++)
        {
            var taskId = await rig.FileAsync();
            if (isOpen) await GateAsync(taskId);

            var outcomes = await AtOnceAsync([.. Enumerable.Range(0, 50).Select(i => (Func<Task<DecisionOutcome>>)(() =>
                rig.DecideAsync(taskId, "ship", i % 2 == 0 ? "approved" : "rejected", isOpen && i % 3 == 0 ? 1 : null, $"token:{i}")))]);

            Assert.Single(outcomes, o => o is DecisionOutcome.Taken taken && taken.Early != isOpen);
            var seen = outcomes.OfType<DecisionOutcome.AlreadyTaken>().Select(o => (o.First.Decision, o.First.DecidedBy)).ToArray();
            Assert.Equal(49, seen.Length);
            var stands = Assert.Single(seen.Distinct());
            Assert.Equal($"{stands.DecidedBy} {stands.Decision}", await rig.ReadAsync<string>("select decided_by || ' ' || decision from task_gates where task_id = @taskId", new { taskId }));
            Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from audit_log where subject = @subject", new { subject = $"task:{taskId}" }));
            if (!isOpen) await GateAsync(taskId);
            Assert.Equal("pending", await rig.StateAsync(taskId));
            await worker.SucceedAsync(await worker.ClaimOneAsync(taskId));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_decision_while_the_task_is_cancelled_counts_whole_or_is_refused_with_the_state()
    {
        for (var round = 0; round < 60; round++)
        {
            var taskId = await rig.FileAsync();
            await GateAsync(taskId);

            var decide = Task.Run(() => rig.DecideAsync(taskId, "ship", "approved", epoch: 1));
            var cancel = Task.Run(() => rig.CancelAsync(taskId));
            await Task.WhenAll(decide, cancel);

            Assert.IsType<TaskMove.Done>(await cancel);
            Assert.Equal("cancelled", await rig.StateAsync(taskId));
            var isDecided = await rig.ReadAsync<bool>("select decision is not null from task_gates where task_id = @taskId", new { taskId });
            if (isDecided) Assert.IsType<DecisionOutcome.Taken>(await decide);
            else Assert.Equal("task_ended", Assert.IsType<DecisionOutcome.Refused>(await decide).Code);
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_decision_at_the_moment_of_expiry_stands_or_sees_that_it_has_expired()
    {
        for (var round = 0; round < 40; round++)
        {
            var taskId = await rig.FileAsync();
            await GateAsync(taskId, TimeSpan.FromMinutes(1));
            rig.Time!.Advance(TimeSpan.FromMinutes(2));

            var decide = Task.Run(() => rig.DecideAsync(taskId, "ship", "approved"));
            var passes = Enumerable.Range(0, 3).Select(_ => Task.Run(() => rig.Get<ExpireGates>().RunAsync(CancellationToken.None))).ToArray();
            var expired = (await Task.WhenAll(passes)).Sum(p => p.Count);

            Assert.Equal(expired == 1, await decide is DecisionOutcome.AlreadyTaken { First.Decision: "expired" });
            Assert.Equal(expired == 0, await decide is DecisionOutcome.Taken);
            var again = await worker.ClaimOneAsync(taskId);
            Assert.Equal(expired == 1 ? "expired" : "approved", (await rig.Get<AttemptRecords>().DecisionAsync(again, "ship", CancellationToken.None))!.Decision);
            await worker.SucceedAsync(again);
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_decision_at_the_moment_of_the_opening_lets_the_task_go_on_either_way()
    {
        for (var round = 0; round < 60; round++)
        {
            var taskId = await rig.FileAsync(round % 2 == 0 ? TasksRig.New() : TasksRig.New() with { ConcurrencyKey = "c", ConcurrencyLimit = 2 });
            var claimed = await worker.ClaimOneAsync(taskId);

            var decide = Task.Run(() => rig.DecideAsync(taskId, "ship", "approved"));
            var open = Task.Run(() => worker.EndAsync(claimed, TaskResult.WaitForApproval("ship")));
            await Task.WhenAll(decide, open);

            Assert.IsType<DecisionOutcome.Taken>(await decide);
            Assert.Equal("pending", await rig.StateAsync(taskId));
            await TaskRules.CheckAsync(db);
            await worker.SucceedAsync(await worker.ClaimOneAsync(taskId));
        }
    }

    [Fact]
    public async Task An_old_click_for_a_gate_that_is_opened_again_at_that_moment_does_not_count()
    {
        for (var round = 0; round < 40; round++)
        {
            var taskId = await rig.FileAsync();
            await GateAsync(taskId);
            Assert.IsType<DecisionOutcome.Taken>(await rig.DecideAsync(taskId, "ship", "rejected", epoch: 1));
            var claimed = await worker.ClaimOneAsync(taskId);

            var click = Task.Run(() => rig.DecideAsync(taskId, "ship", "approved", epoch: 1));
            await Task.WhenAll(click, Task.Run(() => worker.EndAsync(claimed, TaskResult.WaitForApproval("ship"))));

            Assert.True(await click is DecisionOutcome.AlreadyTaken { First.Decision: "rejected" } or DecisionOutcome.Refused { Code: "stale_decision" }, $"{await click}");
            Assert.Equal("waiting_approval", await rig.StateAsync(taskId));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_signal_at_the_moment_when_the_gate_opens_again_is_never_lost()
    {
        for (var round = 0; round < 40; round++)
        {
            var taskId = await rig.FileAsync();
            await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForSignal("tick"));
            await rig.DecideAsync(taskId, "tick", "signalled");
            var claimed = await worker.ClaimOneAsync(taskId);

            var signal = Task.Run(() => rig.DecideAsync(taskId, "tick", "signalled"));
            await Task.WhenAll(signal, Task.Run(() => worker.EndAsync(claimed, TaskResult.WaitForSignal("tick"))));

            Assert.IsType<DecisionOutcome.Taken>(await signal);
            await worker.SucceedAsync(await worker.ClaimOneAsync(taskId));
        }
        await TaskRules.CheckAsync(db);
    }

    async Task GateAsync(Guid taskId, TimeSpan? expires = null) =>
        Assert.True(await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship", expires)));

    static async Task<T[]> AtOnceAsync<T>(IReadOnlyList<Func<Task<T>>> calls)
    {
        using var start = new Barrier(calls.Count);
        return await Task.WhenAll(calls.Select(call => Task.Factory.StartNew(async () =>
        {
            start.SignalAndWait();
            return await call();
        }, TaskCreationOptions.LongRunning).Unwrap()));
    }
}
