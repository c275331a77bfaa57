using Dapper;
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

    [Fact]
    public async Task A_task_that_is_brought_back_while_its_day_is_being_dropped_keeps_its_day()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        var taskId = await FileOnADayOfItsOwnAsync(rig);
        await using var other = await db.Source.OpenConnectionAsync();
        await using var filing = await other.BeginTransactionAsync();
        await other.ExecuteAsync("insert into task_keys (dedup_key, task_id) values ('d', @id)", new { id = rig.NewId() }, filing);
        var redrive = Task.Run(() => rig.RedriveAsync(taskId)); // has looked at its task and waits for its dedup key
        await WaitedForAsync(rig, "transactionid");
        var keep = Task.Run(() => KeepAsync(rig)); // has seen that nothing of the day is alive, and waits for the redrive to leave the tables
        await WaitedForAsync(rig, "relation");

        await filing.RollbackAsync();

        Assert.Equal(new TaskMove.Done("pending"), await redrive);
        Assert.Contains("dropped 0 days", await keep, StringComparison.Ordinal);
        Assert.Contains("dropped 0 days", await KeepAsync(rig), StringComparison.Ordinal);
        Assert.Equal("pending", await rig.StateAsync(taskId));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Who_reads_for_long_keeps_a_day_from_being_dropped_and_nobody_from_filing()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        var taskId = await FileOnADayOfItsOwnAsync(rig);
        await rig.ExecuteAsync("insert into task_dependencies (child_id, parent_id, settled) values (@taskId, @taskId, 'failed')", new { taskId });
        await using (var reader = await db.Reader.OpenConnectionAsync())
        {
            await using var report = await reader.BeginTransactionAsync();
            await reader.ExecuteAsync("select count(*) from governance_tasks", transaction: report);
            var keep = Task.Run(() => KeepAsync(rig));
            await WaitedForAsync(rig, "relation");

            await rig.FileAsync();

            Assert.Contains("dropped 0 days of tasks (their tables were in use; the next hour again)", await keep, StringComparison.Ordinal);
            Assert.Equal("cancelled", await rig.StateAsync(taskId));
            Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from task_dependencies"));
        }

        Assert.Contains("dropped 1 days of tasks,", await KeepAsync(rig), StringComparison.Ordinal);
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from tasks where task_id = @taskId", new { taskId }));
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_dependencies"));
    }

    /// <summary>An ended task whose day is the oldest and has served its time.</summary>
    static async Task<Guid> FileOnADayOfItsOwnAsync(TasksRig rig)
    {
        rig.Time!.JumpWallClock(TimeSpan.FromDays(1000)); // other tests have their days
        await KeepAsync(rig);
        var taskId = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });
        await rig.CancelAsync(taskId);
        rig.Time.Advance(TimeSpan.FromDays(90));
        await KeepAsync(rig); // the day before it is gone
        rig.Time.Advance(TimeSpan.FromDays(1));
        await rig.Get<KeepTaskPartitions>().MakeAsync(CancellationToken.None);
        return taskId;
    }

    /// <param name="lockType">As <c>pg_locks</c> names what a session waits for.</param>
    static Task WaitedForAsync(TasksRig rig, string lockType) => Eventually.TrueAsync(
        async () => await rig.ReadAsync<long>("""
            select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where not l.granted and l.locktype = @lockType and a.datname = current_database()
            """, new { lockType }) > 0,
        TimeSpan.FromSeconds(20), $"a session waits for a {lockType}");

    static Task<string> KeepAsync(TasksRig rig) =>
        rig.Get<KeepTaskPartitions>().RunAsync(new ScheduledFire(rig.NewId(), "task_partitions", "task_partitions", rig.Now, false, rig.Now), CancellationToken.None);

    static Task<string> PartitionAsync(TasksRig rig, Guid taskId) => rig.ReadAsync<string>("select tableoid::regclass::text from tasks where task_id = @taskId", new { taskId });
}
