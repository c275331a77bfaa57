using Dapper;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>One session does random things; after each the database must show what the rules of the design predict.</summary>
public sealed class PredictedTasksTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task The_states_are_those_that_the_rules_predict(int seed)
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        await using var worker = await rig.WorkerAsync();
        var random = new Random(seed);
        var predicted = new PredictedTasks();
        var running = new Dictionary<Guid, ClaimedTask>();
        for (var step = 0; step < 70; step++)
        {
            var did = await StepAsync(rig, worker, predicted, running, random);
            await CompareAsync(predicted, $"seed {seed}, step {step}: {did}");
        }
        await TaskRules.CheckAsync(db);
    }

    static async Task<string> StepAsync(TasksRig rig, ProbeWorker worker, PredictedTasks predicted, Dictionary<Guid, ClaimedTask> running, Random random)
    {
        var any = predicted.All.Count == 0 ? default : predicted.All.Keys.ElementAt(random.Next(predicted.All.Count));
        switch (any == default ? 0 : random.Next(12))
        {
            case < 3:
                Guid[] parents = [.. Enumerable.Range(0, random.Next(3)).Select(_ => predicted.All.Keys.ElementAtOrDefault(random.Next(predicted.All.Count + 1))).Where(p => p != default).Distinct()];
                var later = random.Next(5) == 0;
                var filed = await rig.FileAsync(TasksRig.New() with { DependsOn = parents, DueAt = later ? rig.Now + TimeSpan.FromMinutes(1) : null });
                predicted.File(filed, parents, later);
                return $"filed {filed}";
            case < 6:
                foreach (var claimed in (await worker.ClaimAsync()).OrderBy(c => c.Row.TaskId))
                    if (claimed.Kind == InvestigateFailure.Kind) await worker.SucceedAsync(claimed);
                    else
                    {
                        running[claimed.Row.TaskId] = claimed;
                        predicted.Claim(claimed.Row.TaskId);
                    }
                if (running.Count == 0) return "claimed nothing";
                var task = running.Values.ElementAt(random.Next(running.Count));
                running.Remove(task.Row.TaskId);
                return await EndAsync(worker, predicted, task, random);
            case 6:
                Assert.Equal(!predicted.HasEnded(any), await rig.CancelAsync(any) is TaskMove.Done);
                running.Remove(any);
                if (!predicted.HasEnded(any)) predicted.End(any, "cancelled");
                return $"cancelled {any}";
            case 7:
                Assert.Equal(predicted.MayRetry(any), await rig.RetryAsync(any) is TaskMove.Done);
                if (predicted.MayRetry(any)) predicted.Retry(any);
                return $"retried {any}";
            case 8 or 9:
                Assert.Equal(predicted.MayRedrive(any), await rig.RedriveAsync(any) is TaskMove.Done);
                if (predicted.MayRedrive(any)) predicted.Redrive(any);
                return $"redrove {any}";
            case 10:
                if (predicted.All[any].Gate is { } gate)
                {
                    var decision = gate == "tick" ? "signalled" : random.Next(2) == 0 ? "approved" : "rejected";
                    Assert.Equal(new DecisionOutcome.Taken(false), await rig.DecideAsync(any, gate, decision, predicted.All[any].Epoch));
                    predicted.Decide(any, decision);
                    return $"{decision} {any}";
                }
                Assert.Equal(predicted.All[any].State == "running", await rig.ReassignAsync(any) is TaskMove.Done);
                if (running.Remove(any)) predicted.Reassign(any);
                return $"reassigned {any}";
            default:
                rig.Time!.Advance(TimeSpan.FromMinutes(20));
                await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
                predicted.Promote();
                return "let time pass";
        }
    }

    static async Task<string> EndAsync(ProbeWorker worker, PredictedTasks predicted, ClaimedTask task, Random random)
    {
        var id = task.Row.TaskId;
        var (what, result) = random.Next(10) switch
        {
            0 => ("transient", TaskResult.Fail(TaskFault.Transient, "timeout")),
            1 => ("persistent", TaskResult.Fail(TaskFault.Persistent, "no")),
            2 => ("task_fault", TaskResult.Fail(TaskFault.TaskFault, "bug")),
            3 => ("returned", new TaskResult.Returned()),
            4 => ("refused", TaskResult.Refuse("never")),
            5 => ("snoozed", TaskResult.Snooze(TimeSpan.FromMinutes(1))),
            6 => ("ship", TaskResult.WaitForApproval("ship")),
            7 => ("tick", TaskResult.WaitForSignal("tick")),
            _ => ("succeeded", TaskResult.Done()),
        };
        Assert.True(await worker.EndAsync(task, result));
        switch (what)
        {
            case "succeeded": predicted.Succeed(id); break;
            case "refused": predicted.End(id, "failed"); break;
            case "snoozed": predicted.Snooze(id); break;
            case "returned": predicted.Reassign(id); break;
            case "ship" or "tick": predicted.Open(id, what); break;
            default: predicted.Fail(id, what); break;
        }
        return $"{what} of {id}";
    }

    async Task CompareAsync(PredictedTasks predicted, string after)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        var seen = (await connection.QueryAsync<(Guid Id, string State, long Epoch, int Failures, string? Gate)>(
            "select task_id, state, epoch, coalesce(failures, -1)::integer, gate from governance_tasks where kind = @Kind", new { TasksRig.Kind })).ToDictionary(t => t.Id);
        Assert.Equal(predicted.All.Count, seen.Count);
        foreach (var (id, task) in predicted.All)
        {
            var there = seen[id];
            var failures = there.Failures < 0 ? task.Failures : there.Failures; // an ended task has none to show
            Assert.True((task.State, task.Epoch, task.Failures, task.Gate) == (there.State, there.Epoch, failures, there.Gate),
                $"After {after}: {id} is {there.State} at {there.Epoch}, {failures} failures, gate {there.Gate}; should be {task.State} at {task.Epoch}, {task.Failures} failures, gate {task.Gate}");
        }
    }
}
