using Dapper;
using Engine.Schedules;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Support;

namespace Engine.Tests.Schedules;

/// <summary>Quartz at work: real triggers on a real database, seconds instead of days.</summary>
public sealed class SchedulerTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    static readonly DateTimeOffset Due = new(2026, 3, 1, 2, 30, 0, TimeSpan.Zero);

    public Task InitializeAsync() => db.EmptySchedulesAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Two_nodes_fire_every_second_once_between_them()
    {
        await db.AddScheduleAsync("ticking", ScheduleRows.EverySecond);
        await using var one = new SchedulesNode(db.EngineConnectionString);
        await using var two = new SchedulesNode(db.EngineConnectionString);
        await Task.WhenAll(one.PassAsync(), two.PassAsync());

        await Eventually.TrueAsync(async () => (await db.FiresAsync("ticking")).Count(f => f.Outcome is not null) >= 4, Soon, "four fires");
        await StopAsync(one, two);

        var fires = await db.FiresAsync("ticking");
        Assert.All(fires, f => Assert.Equal("succeeded", f.Outcome));
        Assert.All(fires.Zip(fires.Skip(1)), pair => Assert.Equal(TimeSpan.FromSeconds(1), pair.Second.FireTime - pair.First.FireTime));
        Assert.Equal(fires.Select(f => f.FireId), one.Probe.Runs.Concat(two.Probe.Runs).OrderBy(r => r.FireTime).Select(r => r.FireId));
        Assert.Empty(one.Errors.Concat(two.Errors));
    }

    [Fact]
    public async Task A_disabled_schedule_does_not_fire_until_it_is_enabled_on_any_node()
    {
        await db.AddScheduleAsync("ticking", ScheduleRows.EverySecond, enabled: false);
        await db.AddScheduleAsync("beside", ScheduleRows.EverySecond);
        await using var one = new SchedulesNode(db.EngineConnectionString);
        await using var two = new SchedulesNode(db.EngineConnectionString);
        await one.PassAsync();
        await two.PassAsync();
        await Eventually.TrueAsync(async () => (await db.FiresAsync("beside")).Count >= 2, Soon, "the schedule beside it fires");
        Assert.Empty(await db.FiresAsync("ticking"));

        await two.Get<ChangeSchedule>().RunAsync("ticking", 1, new(Enabled: true), "test", null, CancellationToken.None);
        await one.PassAsync();
        await Eventually.TrueAsync(async () => (await db.FiresAsync("ticking")).Count >= 1, Soon, "it fires");

        await one.Get<ChangeSchedule>().RunAsync("ticking", 2, new(Enabled: false), "test", null, CancellationToken.None);
        var until = await db.FiresAsync("ticking"); // neither node has passed: the row alone stops it
        var beside = (await db.FiresAsync("beside")).Count;
        await Eventually.TrueAsync(async () => (await db.FiresAsync("beside")).Count >= beside + 2, Soon, "time passes");
        Assert.Equal(until.Count, (await db.FiresAsync("ticking")).Count);
    }

    [Theory]
    [InlineData("fire_once", 1)]
    [InlineData("skip", 0)]
    public async Task Fires_missed_while_no_node_ran_follow_the_policy(string policy, int fired)
    {
        await db.AddScheduleAsync("nightly", misfirePolicy: policy);
        await db.AddScheduleAsync("beside", ScheduleRows.EverySecond);
        await using (var before = new SchedulesNode(db.EngineConnectionString)) await before.PassAsync();
        var missed = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(3);
        await db.ExecuteAsync("update qrtz_triggers set next_fire_time = @ticks where trigger_name = 'nightly'", new { ticks = missed.UtcTicks });

        await using var after = new SchedulesNode(db.EngineConnectionString);
        await after.PassAsync();

        await Eventually.TrueAsync(async () => await NextFireAsync("nightly") > TimeProvider.System.GetUtcNow(), Soon, "the next fire lies ahead");
        var beside = after.Probe.Runs.Count;
        await Eventually.TrueAsync(() => after.Probe.Runs.Count >= beside + 2, Soon, "time passes");
        Assert.Equal(fired, (await db.FiresAsync("nightly")).Count);
    }

    [Fact]
    public async Task A_manual_fire_runs_on_some_node_even_of_a_disabled_schedule()
    {
        await db.AddScheduleAsync("nightly", enabled: false);
        await using var node = new SchedulesNode(db.EngineConnectionString);
        await node.PassAsync();

        var requested = await RequestAsync(node, "nightly");
        await node.PassAsync();

        await Eventually.TrueAsync(async () => (await db.FiresAsync("nightly")).Any(f => f.Outcome == "succeeded"), Soon, "it has run");
        var run = Assert.Single(node.Probe.Runs);
        Assert.Equal((requested.FireId, true), (run.FireId, run.Manual));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fire_whose_node_died_is_failed_by_the_others(bool manual)
    {
        await NodeThatDiedAsync(Due);
        await db.ExecuteAsync("""
            insert into schedule_fires (fire_id, name, fire_time, manual, started_at) values ('00000000-0000-0000-0000-000000000001', 'nightly', @Due, @manual, @Due);
            update qrtz_fired_triggers set trigger_group = 'fires', trigger_name = '00000000-0000-0000-0000-000000000001' where @manual;
            """, new { Due, manual });

        await using var node = new SchedulesNode(db.EngineConnectionString);
        await node.PassAsync();

        await Eventually.TrueAsync(async () => (await db.FiresAsync("nightly")).Single().Outcome == "failed", Soon, "it is failed");
        Assert.Empty(node.Probe.Runs);
    }

    [Fact]
    public async Task A_fire_that_a_dying_node_could_not_propose_any_more_is_made_good_by_the_others()
    {
        await NodeThatDiedAsync(Due);

        await using var node = new SchedulesNode(db.EngineConnectionString);
        await node.PassAsync();

        await Eventually.TrueAsync(async () => (await db.FiresAsync("nightly")).Any(f => f.Outcome == "succeeded"), Soon, "it has run");
        Assert.Equal(Due, Assert.Single(node.Probe.Runs).FireTime);
    }

    [Fact]
    public async Task A_schedule_that_cannot_be_read_is_told_once_and_does_not_keep_others_from_firing()
    {
        await db.AddScheduleAsync("broken", "0 0 25 * * ?");
        await db.AddScheduleAsync("ticking", ScheduleRows.EverySecond);
        await using var node = new SchedulesNode(db.EngineConnectionString);

        await node.PassAsync();
        await node.PassAsync();

        await Eventually.TrueAsync(() => !node.Probe.Runs.IsEmpty, Soon, "the other one fires");
        Assert.Contains("hours", Assert.Single(node.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_database_was_away_it_goes_on_by_itself()
    {
        await db.AddScheduleAsync("ticking", ScheduleRows.EverySecond);
        await using var gate = new DatabaseGate(db.EngineConnectionString);
        await using var node = new SchedulesNode(gate.ConnectionString);
        await node.Keep.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => node.Probe.Runs.Count >= 2, Soon, "it fires");

        await gate.CloseAsync();
        await Task.Delay(TimeSpan.FromSeconds(2));
        gate.Open();
        var back = TimeProvider.System.GetUtcNow();

        await Eventually.TrueAsync(() => node.Probe.Runs.Any(r => r.FireTime > back), TimeSpan.FromSeconds(5), "it fires again");
        await Eventually.TrueAsync(async () => (await db.FiresAsync("ticking")).Where(f => f.FireTime <= back).All(f => f.Outcome is not null), Soon, "nothing hangs");
        await node.Keep.StopAsync(CancellationToken.None);
    }

    [Theory]
    [InlineData("ACQUIRED", "ACQUIRED")] // taken, and the answer to that was lost
    [InlineData("BLOCKED", "EXECUTING")] // begun, and the answer to that was lost
    public async Task A_trigger_that_its_node_holds_and_forgot_fires_again(string trigger, string fired)
    {
        await db.AddScheduleAsync("nightly");
        await using var node = new SchedulesNode(db.EngineConnectionString);
        await node.PassAsync();
        await Eventually.TrueAsync(async () => { await node.PassAsync(); return node.Keep.LastSeen!.CheckedInAt is not null; }, Soon, "it is in the cluster");
        var due = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3);
        await db.ExecuteAsync("""
            update qrtz_triggers set trigger_state = @trigger, next_fire_time = case @trigger when 'ACQUIRED' then @ticks else next_fire_time end
            where trigger_name = 'nightly';
            insert into qrtz_fired_triggers (sched_name, entry_id, trigger_name, trigger_group, instance_name, fired_time, sched_time, priority, state,
                job_name, job_group, is_nonconcurrent, requests_recovery)
            select sched_name, 'lost1', 'nightly', 'schedules', instance_name, @ticks, @ticks, 5, @fired, 'nightly', 'schedules', true, true
            from qrtz_scheduler_state;
            """, new { trigger, fired, ticks = due.UtcTicks });

        await node.PassAsync();

        await Eventually.TrueAsync(async () => (await db.FiresAsync("nightly")).Any(f => f.Outcome == "succeeded"), TimeSpan.FromSeconds(5), "it has run");
        Assert.Equal(due, Assert.Single(node.Probe.Runs).FireTime);
        await Eventually.TrueAsync(async () => await NextFireAsync("nightly") > TimeProvider.System.GetUtcNow(), Soon, "the next fire lies ahead");
    }

    [Fact]
    public async Task Started_without_a_database_it_says_so_and_begins_when_there_is_one()
    {
        await db.AddScheduleAsync("ticking", ScheduleRows.EverySecond);
        await using var gate = new DatabaseGate(db.EngineConnectionString);
        await gate.CloseAsync();
        await using var node = new SchedulesNode(gate.ConnectionString);
        var health = new SchedulesHealth(node.Keep, TimeProvider.System);

        await node.Keep.StartAsync(CancellationToken.None);
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(new())).Status);
        gate.Open();

        await Eventually.TrueAsync(() => !node.Probe.Runs.IsEmpty, TimeSpan.FromSeconds(8), "it fires");
        await Eventually.TrueAsync(async () => (await health.CheckHealthAsync(new())).Status == HealthStatus.Healthy, Soon, "it is well");
        await node.Keep.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_stop_waits_for_what_runs_and_gives_back_what_takes_too_long()
    {
        await db.AddScheduleAsync("quick");
        await db.AddScheduleAsync("slow");
        await using var node = new SchedulesNode(db.EngineConnectionString);
        var both = new CountdownEvent(2);
        node.Probe.Act = async (fire, ct) =>
        {
            both.Signal();
            await Task.Delay(fire.Name == "quick" ? TimeSpan.FromSeconds(0.5) : Timeout.InfiniteTimeSpan, ct);
            return "done";
        };
        await node.PassAsync();
        await RequestAsync(node, "quick");
        await RequestAsync(node, "slow");
        await node.PassAsync();
        await Eventually.TrueAsync(() => both.IsSet, Soon, "both run");

        await node.Get<EngineScheduler>().StopAsync(TimeSpan.FromSeconds(1));

        Assert.Equal("succeeded", Assert.Single(await db.FiresAsync("quick")).Outcome);
        Assert.Null(Assert.Single(await db.FiresAsync("slow")).StartedAt);
    }

    static async Task StopAsync(params SchedulesNode[] nodes)
    {
        foreach (var node in nodes) await node.Get<EngineScheduler>().StopAsync(TimeSpan.FromSeconds(5));
    }

    static async Task<RequestedFire> RequestAsync(SchedulesNode node, string name)
    {
        await using var connection = await node.Get<Npgsql.NpgsqlDataSource>().OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var fire = await node.Get<RunSchedule>().RunAsync(connection, transaction, name, "test", null, CancellationToken.None);
        await transaction.CommitAsync();
        return Assert.IsType<RunAsked.Waits>(fire).Fire;
    }

    /// <summary>What a node leaves behind that was killed while it fired <c>nightly</c>.</summary>
    async Task NodeThatDiedAsync(DateTimeOffset due)
    {
        await db.AddScheduleAsync("nightly");
        await using (var before = new SchedulesNode(db.EngineConnectionString)) await before.PassAsync();
        await db.ExecuteAsync("""
            insert into qrtz_scheduler_state (sched_name, instance_name, last_checkin_time, checkin_interval) values ('engine', 'dead', @ticks, 75000000);
            insert into qrtz_fired_triggers (sched_name, entry_id, trigger_name, trigger_group, instance_name, fired_time, sched_time, priority, state,
                job_name, job_group, is_nonconcurrent, requests_recovery)
            values ('engine', 'dead1', 'nightly', 'schedules', 'dead', @ticks, @ticks, 5, 'EXECUTING', 'nightly', 'schedules', true, true);
            update qrtz_triggers set trigger_state = 'BLOCKED' where trigger_name = 'nightly';
            """, new { ticks = due.UtcTicks });
    }

    async Task<DateTimeOffset?> NextFireAsync(string name)
    {
        await using var connection = await db.Reader.OpenConnectionAsync();
        return await connection.QuerySingleAsync<DateTimeOffset?>("select next_fire_at from v_schedules where name = @name", new { name });
    }
}
