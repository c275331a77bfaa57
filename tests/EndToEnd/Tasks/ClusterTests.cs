using System.Diagnostics;
using Chaos.Kinds;
using Chaos.Recorded;
using Support;

namespace EndToEnd.Tasks;

/// <summary>What engines of one database decide together: rows 29 and 30 of the fault matrix.</summary>
public sealed class ClusterTests(SharedField shared) : IClassFixture<SharedField>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40), FirstPause = TimeSpan.FromSeconds(5);

    readonly FaultField field = shared.Field;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => field.KillWorkersAsync();

    [FactNeeding("faketime")]
    public async Task Three_engines_fire_each_time_once_though_a_clock_is_off_and_one_of_them_sleeps_over_it()
    {
        var ahead = field.Worker();
        Assert.True(ahead.FakeClock());
        ahead.SkewClock(TimeSpan.FromSeconds(10));
        var asleep = field.Worker();
        foreach (var engine in new[] { ahead, asleep, field.Worker() }) await field.StartAsync(engine);
        await field.ExecuteAsync("insert into schedules (name, duty, cron, updated_at) values ('cluster', @DutyName, '0/2 * * * * ?', clock_timestamp())", new { TickDuty.DutyName });
        await FiredAsync(3);

        asleep.Signal("STOP");
        var before = await FiresAsync();
        await FiredAsync(before + 3); // the others go on
        asleep.Signal("CONT");
        await FiredAsync(before + 5);
        await field.ExecuteAsync("update schedules set enabled = false, version = version + 1 where name = 'cluster'");

        var tasks = await field.ScalarAsync<Guid[]>("select array_agg(fire_id) from schedule_fires where name = 'cluster' and outcome = 'succeeded'");
        await field.EndedAsync(tasks, Soon);
        Assert.All(tasks, id => Assert.Single(field.EventsOf(id, WorldEventKind.Started)));
        Assert.Equal(0, await field.ScalarAsync<int>("select count(*)::integer from schedule_fires where name = 'cluster' and extract(second from fire_time)::integer % 2 <> 0"));
        // The clock that is ahead fires nothing early: the times are the database's.
        Assert.Equal(0, await field.ScalarAsync<int>("select count(*)::integer from schedule_fires where name = 'cluster' and started_at < fire_time - interval '1 second'"));
        Assert.True(await field.ScalarAsync<int>("select count(*)::integer from schedule_fires where name = 'cluster' and started_at < fire_time + interval '3 seconds'") >= 6);
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task A_kind_that_always_fails_stands_still_for_all_engines_and_is_tried_by_one_task_at_a_time()
    {
        await field.StartWorkerAsync();
        await field.StartWorkerAsync();
        var failing = await field.FileAsync(ChaosKinds.Doomed, 60, ms: 50, times: 100);
        await Eventually.TrueAsync(async () => await StateAsync() is "open", Soon, "the kind stands still");
        await Eventually.TrueAsync(async () => await HeldAsync() == 0, Soon, "what was under way has ended");
        var opened = Stopwatch.GetTimestamp();
        var begun = Begun().Count;

        var others = await field.FileAsync(ChaosKinds.Quick, 20, ms: 20);
        await field.EndedAsync(others, Soon); // other kinds go on
        await Eventually.TrueAsync(() => Begun().Count > begun, Soon, "it is tried");
        await Eventually.TrueAsync(async () => await StateAsync() is "open" && await HeldAsync() == 0, Soon, "the try has failed");

        var tries = Begun().Skip(begun).ToArray();
        Assert.Single(tries);
        Assert.InRange(Stopwatch.GetElapsedTime(opened, tries[0].SentAt), FirstPause * 0.5, FirstPause * 3);
        Assert.Equal(0, await field.CountAsync("task_attempts where outcome = 'lost' and task_id = any(@ids)", failing)); // given back, not left to their lease
        Assert.True(await field.CountAsync("task_ready where task_id = any(@ids)", failing) > 30);
        await field.InvariantsHoldAsync(isDrained: false);
    }

    IReadOnlyList<WorldEvent> Begun() => [.. field.History.EventsSoFar().Where(e => e.TaskKind == ChaosKinds.Doomed && e.Kind == WorldEventKind.Started)];

    Task<string?> StateAsync() => field.ScalarAsync<string?>("select state from task_breakers where kind = @Doomed", new { ChaosKinds.Doomed });

    Task<int> HeldAsync() => field.ScalarAsync<int>("select count(*)::integer from task_leases join task_lanes using (lane_id) where kind = @Doomed", new { ChaosKinds.Doomed });

    Task<int> FiresAsync() => field.ScalarAsync<int>("select count(*)::integer from schedule_fires where name = 'cluster' and outcome = 'succeeded'");

    Task FiredAsync(int count) => Eventually.TrueAsync(async () => await FiresAsync() >= count, Soon, $"{count} fires have run");
}
