using System.Text.Json;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class InvestigationTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_fault_of_a_task_files_one_investigation_that_tells_what_is_known()
    {
        await using var one = await rig.WorkerAsync();
        await using var two = await rig.WorkerAsync();
        await FailAsync(one, await rig.FileAsync(), TaskFault.TaskFault, "index out of range");
        await FailAsync(one, await rig.FileAsync(), TaskFault.Persistent, "no such branch");
        foreach (var other in await one.ClaimAsync()) await one.SucceedAsync(other);
        var taskId = await rig.FileAsync();
        await FailAsync(one, taskId, TaskFault.Transient, "timeout");
        rig.Time!.Advance(TimeSpan.FromMinutes(1));
        await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
        await FailAsync(two, taskId, TaskFault.TaskFault, "index out of range");

        var investigation = Assert.Single(await two.ClaimAsync());
        Assert.Equal(InvestigateFailure.Kind, investigation.Kind);
        Assert.Equal(taskId, await rig.ReadAsync<Guid>("select origin_id from tasks where task_id = @TaskId", new { investigation.Row.TaskId }));
        var result = await InvestigateAsync(two, investigation);

        Assert.Equal("It failed 1 × task_fault, 1 × transient on 2 workers; 2 other tasks of kind probe failed in the day before, 1 with the same error.", result.GetProperty("summary").GetString());
        Assert.Equal("timeout", result.GetProperty("first").GetProperty("error").GetString());
        Assert.Equal("index out of range", result.GetProperty("last").GetProperty("error").GetString());
        Assert.Equal([one.WorkerId, two.WorkerId], result.GetProperty("workers").EnumerateArray().Select(w => w.GetInt64()));
        Assert.Equal(1, result.GetProperty("faults").GetProperty("transient").GetInt32());
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_second_fault_while_the_first_is_investigated_files_no_second_one()
    {
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        await FailAsync(worker, taskId, TaskFault.TaskFault, "first");
        await rig.DecideAsync(taskId, OpenGate.TaskFault, "approved");
        var claimed = (await worker.ClaimAsync()).Single(c => c.Row.TaskId == taskId);
        await worker.EndAsync(claimed, TaskResult.Fail(TaskFault.TaskFault, "second"));

        Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from tasks where dedup_key = @key", new { key = $"fault:{taskId}" }));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task An_investigation_that_fails_is_not_investigated()
    {
        await using var worker = await rig.WorkerAsync();
        await FailAsync(worker, await rig.FileAsync(), TaskFault.TaskFault, "no");
        var investigation = Assert.Single(await worker.ClaimAsync());

        await worker.EndAsync(investigation, TaskResult.Fail(TaskFault.TaskFault, "neither"));

        Assert.Empty(await worker.ClaimAsync());
        Assert.Equal(2, await rig.ReadAsync<long>("select count(*) from tasks"));
    }

    [Fact]
    public async Task A_task_that_is_gone_is_told_as_such()
    {
        Assert.Null(await rig.Get<ReadFailure>().RunAsync(rig.NewId(), CancellationToken.None));
    }

    static async Task FailAsync(ProbeWorker worker, Guid taskId, TaskFault fault, string reason) =>
        Assert.True(await worker.EndAsync((await worker.ClaimAsync(1)).Single(c => c.Row.TaskId == taskId), TaskResult.Fail(fault, reason)));

    async Task<JsonElement> InvestigateAsync(ProbeWorker worker, ClaimedTask investigation)
    {
        var handler = rig.Get<InvestigateFailureHandler>();
        var payload = JsonSerializer.Deserialize<InvestigateFailure>(investigation.PayloadJson, TaskPayload.Options)!;
        var result = await handler.RunAsync(payload, null!, CancellationToken.None);
        Assert.True(await worker.EndAsync(investigation, result));
        return JsonSerializer.Deserialize<JsonElement>(Assert.Single(await rig.AttemptsAsync(investigation.Row.TaskId)).Result!);
    }
}
