using Engine.Schedules;
using Support;

namespace Engine.Tests.Schedules;

public sealed class ChangeScheduleTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();
    SchedulesNode node = null!;

    public async Task InitializeAsync()
    {
        await db.EmptySchedulesAsync();
        await db.AddScheduleAsync("nightly");
        node = new SchedulesNode(db.EngineConnectionString, time);
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task A_change_keeps_what_it_does_not_name_and_raises_the_version()
    {
        var done = Assert.IsType<ScheduleChanged.Done>(await ChangeAsync(1, new(Cron: " 0 0 4 * * ? ", Enabled: false))).Schedule;

        Assert.Equal(("0 0 4 * * ?", "UTC", "fire_once", false, 2L), (done.Cron, done.TimeZone, done.MisfirePolicy, done.Enabled, done.Version));
        Assert.Equal(done, (await node.Get<ListSchedules>().FindAsync("nightly", CancellationToken.None))!.Schedule);
    }

    [Fact]
    public async Task A_change_on_a_stale_version_changes_nothing_and_tells_the_version()
    {
        await ChangeAsync(1, new(Enabled: false));

        Assert.Equal(2, Assert.IsType<ScheduleChanged.Stale>(await ChangeAsync(1, new(Enabled: true))).Version);
        Assert.False((await node.Get<ListSchedules>().FindAsync("nightly", CancellationToken.None))!.Schedule.Enabled);
    }

    [Fact]
    public async Task Of_concurrent_changes_one_wins()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => ChangeAsync(1, new(Cron: $"0 {n} 4 * * ?"))));

        Assert.Single(outcomes, o => o is ScheduleChanged.Done);
        Assert.Equal(9, outcomes.Count(o => o is ScheduleChanged.Stale));
    }

    [Fact]
    public async Task A_change_to_what_already_is_makes_no_new_version() =>
        Assert.Equal(1, Assert.IsType<ScheduleChanged.Done>(await ChangeAsync(1, new(Enabled: true))).Schedule.Version);

    [Fact]
    public async Task An_unknown_schedule_is_told() => Assert.IsType<ScheduleChanged.NoSuchSchedule>(
        await node.Get<ChangeSchedule>().RunAsync("x' or '1'='1", 1, new(Enabled: false), "test", null, CancellationToken.None));

    [Fact]
    public async Task All_problems_are_told_at_once_and_nothing_changes()
    {
        var refused = Assert.IsType<ScheduleChanged.Refused>(await ChangeAsync(1, new("0 0 25 * * ?", "Mars/Olympus", "sometimes")));

        Assert.Collection(refused.Problems,
            p => Assert.StartsWith("time_zone ", p, StringComparison.Ordinal),
            p => Assert.Contains("\"hours\"", p, StringComparison.Ordinal),
            p => Assert.StartsWith("misfire_policy ", p, StringComparison.Ordinal));
        Assert.Equal(1, (await node.Get<ListSchedules>().FindAsync("nightly", CancellationToken.None))!.Schedule.Version);
    }

    Task<ScheduleChanged> ChangeAsync(long version, ScheduleChange change) =>
        node.Get<ChangeSchedule>().RunAsync("nightly", version, change, "test", "127.0.0.1", CancellationToken.None);
}
