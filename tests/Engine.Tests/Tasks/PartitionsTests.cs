using Engine.Schedules;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>In a database of its own, which has no days yet.</summary>
public sealed class PartitionsTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task The_tables_of_the_days_to_come_are_made_and_those_of_long_ago_dropped()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        await using var worker = await rig.WorkerAsync();
        var ended = await rig.FileAsync(TasksRig.New() with { DependsOn = [await rig.FileAsync()] });
        await rig.CancelAsync(ended);
        await worker.SucceedAsync(Assert.Single(await worker.ClaimAsync()));
        Assert.Equal("tasks_default", await PartitionAsync(rig, ended));

        Assert.Equal("Made 27 tables for days to come; dropped 0 days of tasks, 0 workers and 0 concurrency keys.", await KeepAsync(rig));
        Assert.Equal("tasks_20260301", await PartitionAsync(rig, ended));
        Assert.Equal("cancelled", await rig.StateAsync(ended));
        Assert.Equal("Made 0 tables for days to come; dropped 0 days of tasks, 0 workers and 0 concurrency keys.", await KeepAsync(rig));

        rig.Time!.Advance(TimeSpan.FromDays(1));
        var alive = await rig.FileAsync();
        rig.Time.Advance(TimeSpan.FromDays(91));
        // The day before the first one and the first itself; the next has a task that lives.
        Assert.Equal("Made 27 tables for days to come; dropped 2 days of tasks, 0 workers and 0 concurrency keys.", await KeepAsync(rig));
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from governance_tasks where task_id = @ended", new { ended }));
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_dependencies"));
        Assert.Equal("pending", await rig.StateAsync(alive));
        await TaskRules.CheckAsync(db);
    }

    static Task<string> KeepAsync(TasksRig rig) =>
        rig.Get<KeepTaskPartitions>().RunAsync(new ScheduledFire(rig.NewId(), "task_partitions", "task_partitions", rig.Now, false, rig.Now), CancellationToken.None);

    static Task<string> PartitionAsync(TasksRig rig, Guid taskId) => rig.ReadAsync<string>("select tableoid::regclass::text from tasks where task_id = @taskId", new { taskId });
}
