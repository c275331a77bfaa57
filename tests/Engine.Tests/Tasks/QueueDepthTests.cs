using Dapper;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class QueueDepthTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task The_count_agrees_with_governance_tasks()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        await using var worker = await rig.WorkerAsync();
        var gated = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(gated), TaskResult.WaitForSignal("go"));
        var blocked = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(blocked), TaskResult.Fail(TaskFault.Persistent, "no"));
        await rig.FileAsync();
        await worker.ClaimAsync(1);
        await rig.FileAllAsync(TasksRig.New() with { DependsOn = [gated] }, TasksRig.New() with { DueAt = rig.Now.AddDays(1) },
            TasksRig.New() with { ConcurrencyKey = "k" }, TasksRig.New() with { ConcurrencyKey = "k" }, TasksRig.New() with { Priority = TaskPriority.Critical });
        rig.Time!.Advance(TimeSpan.FromSeconds(30));

        var depth = await rig.Get<ReadQueueDepth>().RunAsync(CancellationToken.None);

        await using var connection = await db.Owner.OpenConnectionAsync();
        var seen = await connection.QueryAsync<(string State, long Tasks)>("select state, count(*) from governance_tasks group by state");
        Assert.Equal(seen.OrderBy(s => s.State), depth.States.Where(s => s.Value > 0).Select(s => (s.Key.Name(), s.Value)).OrderBy(s => s.Item1));
        Assert.Equal([(0, 1L), (2, 1L)], depth.Ready.Select(d => ((int)d.Priority, d.Ready)));
        Assert.All(depth.Ready, d => Assert.Equal(TimeSpan.FromSeconds(30), depth.At - d.OldestAt));
    }

    [Fact]
    public async Task A_transaction_that_is_open_for_a_minute_degrades_the_health_until_it_ends()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        rig.Time!.JumpWallClock(TimeProvider.System.GetUtcNow() - rig.Now);
        var (keep, health) = (rig.Get<KeepQueueDepth>(), new TasksHealth(rig.Get<KeepQueueDepth>(), new ReadEngineMode(db.Source)));
        await using (var connection = await db.Owner.OpenConnectionAsync())
        {
            await using var forgotten = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
            await connection.ExecuteAsync("select count(*) from tasks", transaction: forgotten);
            await keep.RunOnceAsync(CancellationToken.None);
            Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);

            rig.Time.Advance(TimeSpan.FromSeconds(61));
            await keep.RunOnceAsync(CancellationToken.None);

            var degraded = await CheckAsync();
            Assert.Equal(HealthStatus.Degraded, degraded.Status);
            Assert.Matches("open for 6[0-9] s", degraded.Description);
        }
        await Eventually.TrueAsync(async () => // the session's end is seen a moment later
        {
            await keep.RunOnceAsync(CancellationToken.None);
            return (await CheckAsync()).Status == HealthStatus.Healthy;
        }, TimeSpan.FromSeconds(10), "healthy again");

        async Task<HealthCheckResult> CheckAsync() => await health.CheckHealthAsync(new HealthCheckContext());
    }

    [Fact]
    public async Task A_kind_that_stands_still_degrades_the_health_and_a_pause_is_said()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        var health = new TasksHealth(rig.Get<KeepQueueDepth>(), new ReadEngineMode(db.Source));
        await rig.ExecuteAsync("insert into task_breakers (kind, state, changed_at, retry_at, openings) values ('probe', 'open', 'epoch', 'epoch', 1); update task_engine set mode = 'paused'");

        await rig.Get<KeepQueueDepth>().RunOnceAsync(CancellationToken.None);

        var result = await health.CheckHealthAsync(new HealthCheckContext());
        Assert.Equal(HealthStatus.Degraded, result.Status);
        Assert.Contains("the engines are paused", result.Description, StringComparison.Ordinal);
        Assert.Contains("stand still because they failed too often: probe", result.Description, StringComparison.Ordinal);
    }
}
