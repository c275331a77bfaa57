using Engine.Tasks;
using Engine.Workers;
using Npgsql;
using Support;

namespace Engine.Tests.Workers;

/// <summary>The rules of the loop: values in, a decision out.</summary>
public sealed class DecisionsTests
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 0, 0.5)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(30, 1, 900)]
    public void A_transient_failure_is_retried_after_a_pause_that_doubles_up_to_a_quarter_of_an_hour(int failures, double jitter, double seconds) =>
        Assert.Equal(new AfterFailure.RetryAt(Now.AddSeconds(seconds)), AfterFailure.Decide(TaskFault.Transient, "x", failures, 100, Now, jitter));

    [Fact]
    public void The_last_transient_failure_blocks() =>
        Assert.Equal(new AfterFailure.Block("failed 3 times, at last: x"), AfterFailure.Decide(TaskFault.Transient, "x", 3, 3, Now, 0));

    [Theory]
    [InlineData(2, 2, null)]
    [InlineData(3, 1, null)] // by itself a worker proves nothing
    [InlineData(3, 2, "3 deaths of 2 workers")]
    [InlineData(3, 3, "3 workers died with it")]
    public void A_death_with_a_task_is_no_failure_of_it_until_the_third_on_at_least_two_workers(int deaths, int workers, string? reason) =>
        Assert.Equal(reason is null ? new AfterFailure.GiveToAnother() : new AfterFailure.Quarantine(reason), AfterFailure.DecideLost(deaths, workers));

    [Fact]
    public void A_fault_of_the_task_asks_a_person_and_a_persistent_one_blocks()
    {
        Assert.Equal(new AfterFailure.Ask("x"), AfterFailure.Decide(TaskFault.TaskFault, "x", 1, 3, Now, 0));
        Assert.Equal(new AfterFailure.Block("x"), AfterFailure.Decide(TaskFault.Persistent, "x", 1, 3, Now, 0));
    }

    public static TheoryData<Exception, TaskFault> Faults() => new()
    {
        { new TimeoutException(), TaskFault.Transient },
        { new HttpRequestException("x", null, System.Net.HttpStatusCode.BadGateway), TaskFault.Transient },
        { new HttpRequestException("x", null, System.Net.HttpStatusCode.NotFound), TaskFault.Persistent },
        { new PostgresException("x", "ERROR", "ERROR", PostgresErrorCodes.DeadlockDetected), TaskFault.Transient },
        { new PostgresException("x", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure), TaskFault.Transient },
        { new PostgresException("x", "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown), TaskFault.Transient },
        { new PostgresException("x", "FATAL", "FATAL", PostgresErrorCodes.TooManyConnections), TaskFault.Transient },
        { new System.Text.Json.JsonException("x"), TaskFault.Persistent },
        { new InvalidOperationException("x"), TaskFault.TaskFault },
        { new StackTraceless(), TaskFault.TaskFault },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_a_handler_throws_is_sorted_by_what_should_follow(Exception thrown, TaskFault fault) =>
        Assert.Equal(fault, AfterFailure.FaultOf(thrown, CancellationToken.None));

    [Theory]
    [InlineData("", null, "healthy")]
    [InlineData("fffff", null, "healthy")] // too few to say, and too few for the breaker of one failing kind
    [InlineData("ffffff", null, "unhealthy")]
    [InlineData("sssssfffff", null, "healthy")]
    [InlineData("ssssffffff", null, "degraded")]
    [InlineData("ssffffffff", null, "degraded")]
    [InlineData("sfffffffff", null, "unhealthy")]
    [InlineData("ssssssssss", 2.9, "healthy")]
    [InlineData("ssssssssss", 3.1, "degraded")]
    public void Health_follows_from_the_last_ten_attempts_and_from_slowness(string outcomes, double? slowness, string health) =>
        Assert.Equal(health, WorkerHealth.Of(outcomes, slowness));

    [Theory]
    [InlineData("sssssfffff", false)]
    [InlineData("ssssffffff", true)]
    [InlineData("ffffff", true)]
    [InlineData("fffff", false)]
    public void A_kind_stands_still_when_more_than_half_of_the_last_ten_failed(string outcomes, bool isBad) => Assert.Equal(isBad, Breakers.IsBad(outcomes));

    [Fact]
    public void What_is_forgotten_of_a_kind_counts_no_more_for_the_whole_worker()
    {
        var recent = new RecentRuns();
        foreach (var (kind, result) in new[] { ("good", TaskResult.Done()), ("bad", TaskResult.Fail(TaskFault.Transient, "x")), ("other", TaskResult.Fail(TaskFault.Transient, "x")), ("bad", TaskResult.Done()) })
            recent.Add(kind, result, TimeSpan.FromSeconds(1));

        recent.Forget("bad");

        Assert.Equal(("sf", "", "s"), (recent.Outcomes(), recent.OutcomesOf("bad"), recent.OutcomesOf("good")));
    }

    [Fact]
    public void Only_lanes_that_a_worker_is_able_for_are_asked_for()
    {
        TaskLane[] lanes =
        [
            new(1, "known", [], TaskPriority.Normal, false), new(2, "unknown", [], TaskPriority.Normal, false),
            new(3, "known", ["gpu"], TaskPriority.Normal, false), new(4, "known", ["gpu", "cad"], TaskPriority.Normal, false),
        ];

        var asked = Decide(lanes, new Abilities(new HashSet<string> { "known" }, new Dictionary<string, double> { ["gpu"] = 1 }));

        Assert.Equal([1, 3], asked.Select(a => a.LaneId));
    }

    [Fact]
    public void A_less_proficient_worker_leaves_new_tasks_to_better_ones_for_a_moment_but_critical_ones_to_nobody()
    {
        TaskLane[] lanes = [new(1, "known", ["gpu"], TaskPriority.Normal, false), new(2, "known", ["gpu"], TaskPriority.Critical, false)];

        var asked = Decide(lanes, new Abilities(new HashSet<string> { "known" }, new Dictionary<string, double> { ["gpu"] = 0.4 }));

        Assert.Equal(Now - TimeSpan.FromSeconds(0.6), asked[0].NotAfter);
        Assert.Equal(DateTimeOffset.MaxValue, asked[1].NotAfter);
    }

    [Fact]
    public void A_limited_kind_is_asked_for_as_much_as_its_limit_and_a_standing_one_not_at_all()
    {
        TaskLane[] lanes = [new(1, "limited", [], TaskPriority.Normal, false), new(2, "standing", [], TaskPriority.Normal, false), new(3, "free", [], TaskPriority.Normal, false)];

        var asked = ChooseLanes.Decide(lanes, new Abilities(new HashSet<string> { "limited", "standing", "free" }, new Dictionary<string, double>()),
            new Dictionary<int, long>(), 10, new Dictionary<string, int> { ["limited"] = 3, ["standing"] = 0 }, true, 1, Now);

        Assert.Equal([(1, 3), (3, 10)], asked.Select(a => (a.LaneId, a.Most)));
    }

    [Fact]
    public void A_worker_counts_its_lease_from_when_the_heartbeat_was_sent_and_stops_after_two_thirds()
    {
        var time = new ManualTime();
        using var lease = new WorkerLease(1, TimeSpan.FromSeconds(15), time, time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(5));
        var sentAt = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(4)); // the answer took long
        lease.Renew(sentAt);

        time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.True(lease.Holds);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(lease.Holds);
    }

    [Fact]
    public void A_jump_of_the_wall_clock_changes_nothing_for_a_lease()
    {
        var time = new ManualTime();
        using var lease = new WorkerLease(1, TimeSpan.FromSeconds(15), time, time.GetTimestamp());

        time.JumpWallClock(TimeSpan.FromHours(1));
        Assert.True(lease.Holds);
        time.JumpWallClock(TimeSpan.FromHours(-2));
        Assert.True(lease.Holds);
    }

    static IReadOnlyList<AskedLane> Decide(IEnumerable<TaskLane> lanes, Abilities abilities) =>
        ChooseLanes.Decide(lanes, abilities, new Dictionary<int, long>(), 10, new Dictionary<string, int>(), true, 1, Now);

    sealed class StackTraceless : Exception;
}
