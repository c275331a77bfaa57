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

    [Fact]
    public async Task What_another_login_keeps_open_is_seen_when_the_owner_may_see_it_and_until_then_the_health_says_what_to_grant()
    {
        await using var rig = await TasksRig.OnEmptyAsync(db);
        var (read, keep, health) = (rig.Get<ReadQueueDepth>(), rig.Get<KeepQueueDepth>(), new TasksHealth(rig.Get<KeepQueueDepth>(), new ReadEngineMode(db.Source)));
        var owner = $"plain_owner_{Environment.ProcessId}";
        await rig.ExecuteAsync($"create role {owner}; alter function oldest_snapshots() owner to {owner}; alter function oldest_transaction() owner to {owner}");
        await using var other = await db.Owner.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await other.ExecuteAsync("select pg_current_xact_id()", transaction: transaction);

        Assert.Null((await read.RunAsync(CancellationToken.None)).Oldest);
        Assert.Null(await OldestTransactionAsync());
        Assert.Contains($"grant pg_read_all_stats to \"{owner}\"", await HealthAsync(), StringComparison.Ordinal);

        await rig.ExecuteAsync($"grant pg_read_all_stats to {owner}");

        Assert.NotNull((await read.RunAsync(CancellationToken.None)).Oldest);
        Assert.NotNull(await OldestTransactionAsync());
        Assert.DoesNotContain("grant", await HealthAsync(), StringComparison.Ordinal);
        await rig.ExecuteAsync($"reassign owned by {owner} to current_user; drop role {owner}");

        async Task<DateTimeOffset?> OldestTransactionAsync()
        {
            await using var connection = await db.Source.OpenConnectionAsync();
            return await connection.ExecuteScalarAsync<DateTimeOffset?>("select oldest_transaction()");
        }

        async Task<string> HealthAsync()
        {
            await keep.RunOnceAsync(CancellationToken.None);
            return (await health.CheckHealthAsync(new HealthCheckContext())).Description!;
        }
    }
}
