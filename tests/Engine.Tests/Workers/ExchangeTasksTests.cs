using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

public sealed class ExchangeTasksTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task Each_claim_raises_the_epoch_and_a_return_does_not_lower_it()
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();

        var epochs = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            var task = Assert.Single(await rig.ClaimAsync(lease));
            epochs.Add(task.Row.Epoch);
            await rig.EndAsync((task, new TaskResult.Returned()));
        }

        Assert.Equal([1, 2, 3], epochs);
        Assert.Equal(["returned", "returned", "returned"], await rig.OutcomesAsync(taskId));
        Assert.Equal("pending", await rig.StateAsync(taskId));
    }

    [Fact]
    public async Task Eight_workers_share_two_hundred_tasks_and_none_is_claimed_twice()
    {
        for (var i = 0; i < 200; i++) await rig.FileAsync();
        var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => rig.RegisterAsync()));

        var claims = await Task.WhenAll(leases.Select(async lease =>
        {
            var own = new List<ClaimedTask>();
            while (await rig.ClaimAsync(lease, most: 7) is { Count: > 0 } claimed) own.AddRange(claimed);
            return own;
        }));
        // A claim passes over rows that another one is at; what was passed over is found by the next look.
        var rest = await rig.ClaimAsync(leases[0], most: 1000);

        var all = claims.SelectMany(c => c).Concat(rest).Select(c => c.Row.TaskId).ToArray();
        Assert.Equal(200, all.Length);
        Assert.Equal(200, all.Distinct().Count());
        Assert.Equal(200L, await rig.ScalarAsync<long>("select count(*) from task_leases"));
        foreach (var lease in leases) lease.Dispose();
    }

    [Fact]
    public async Task A_success_under_an_old_epoch_is_not_accepted()
    {
        var taskId = await rig.FileAsync();
        using var first = await rig.RegisterAsync();
        var stale = Assert.Single(await rig.ClaimAsync(first));
        rig.Time.Advance(first.Lease + TimeSpan.FromSeconds(1));
        await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
        using var second = await rig.RegisterAsync();
        var current = Assert.Single(await rig.ClaimAsync(second));

        await using var exchange = await ExchangeTasks.OpenAsync(rig.Get<ReservedConnections>(), throughPooler: false, CancellationToken.None);
        var (accepted, _) = await rig.ExchangeAsync(exchange, first, [new FinishedAttempt(stale, TaskResult.Done(), null)], most: 0);
        var refused = await rig.EndAsync((stale, TaskResult.Done()));

        Assert.Empty(accepted);
        Assert.Equal(stale, Assert.Single(refused));
        Assert.Equal("running", await rig.StateAsync(taskId));
        Assert.Equal(1L, await rig.ScalarAsync<long>("select count(*) from audit_log where action = 'task.finish_refused'"));
        (accepted, _) = await rig.ExchangeAsync(exchange, second, [new FinishedAttempt(current, TaskResult.Done(), null)], most: 0);
        Assert.Equal([taskId], accepted);
        Assert.Equal(["lost", "succeeded"], await rig.OutcomesAsync(taskId));
    }

    [Fact]
    public async Task A_lease_row_that_has_moved_is_found_by_task_and_epoch()
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var task = Assert.Single(await rig.ClaimAsync(lease));
        await rig.ExecuteAsync("update task_leases set claimed_at = claimed_at"); // a new version in another place

        await using var exchange = await ExchangeTasks.OpenAsync(rig.Get<ReservedConnections>(), throughPooler: false, CancellationToken.None);
        var (accepted, _) = await rig.ExchangeAsync(exchange, lease, [new FinishedAttempt(task, TaskResult.Done(), null)], most: 0);

        Assert.Empty(accepted); // not there by its place, so it is left to the slower way
        Assert.Empty(await rig.EndAsync((task, TaskResult.Done())));
        Assert.Equal("succeeded", await rig.StateAsync(taskId));
    }

    [Fact]
    public async Task A_finish_that_is_repeated_recognises_itself()
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var task = Assert.Single(await rig.ClaimAsync(lease));
        await rig.EndAsync((task, TaskResult.Done()));

        Assert.Empty(await rig.EndAsync((task, TaskResult.Done())));
        Assert.Equal(["succeeded"], await rig.OutcomesAsync(taskId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // by the slower way
    public async Task What_follows_is_never_dated_before_what_it_follows_although_clocks_differ_and_messages_take_their_time(bool isPlain)
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        rig.Time.JumpWallClock(-TimeSpan.FromMilliseconds(3)); // a worker that asked before the task was filed, and got it

        await using var exchange = await ExchangeTasks.OpenAsync(rig.Get<ReservedConnections>(), throughPooler: false, CancellationToken.None);
        var task = Assert.Single((await rig.ExchangeAsync(exchange, lease, [], most: 1)).Claimed);
        rig.Time.JumpWallClock(TimeSpan.FromMilliseconds(1));
        if (isPlain) await rig.ExchangeAsync(exchange, lease, [new FinishedAttempt(task, TaskResult.Done(), null)], most: 0);
        else await rig.EndAsync((task, TaskResult.Refuse("no")));

        Assert.True(await rig.ScalarAsync<bool>(
            "select t.filed_at <= a.claimed_at and a.claimed_at <= a.ended_at from tasks t join task_attempts a on a.task_id = t.task_id where t.task_id = @taskId", new { taskId }));
    }

    [Fact]
    public async Task Higher_priorities_come_first_and_within_one_the_oldest()
    {
        var low = await rig.FileAsync(Of(TaskPriority.Low));
        var normal = await rig.FileAsync(Of(TaskPriority.Normal));
        var second = await rig.FileAsync(Of(TaskPriority.Normal));
        var critical = await rig.FileAsync(Of(TaskPriority.Critical));
        var high = await rig.FileAsync(Of(TaskPriority.High));
        using var lease = await rig.RegisterAsync();

        var order = new List<Guid>();
        while (await rig.ClaimAsync(lease) is [var task]) order.Add(task.Row.TaskId);

        Assert.Equal([critical, high, normal, second, low], order);
    }

    [Fact]
    public async Task On_an_aging_turn_what_has_waited_too_long_comes_before_all_but_critical_tasks()
    {
        var old = await rig.FileAsync(Of(TaskPriority.Low));
        rig.Time.Advance(ChooseLanes.Patience(TaskPriority.Low) + TimeSpan.FromSeconds(1));
        var high = await rig.FileAsync(Of(TaskPriority.High));
        var critical = await rig.FileAsync(Of(TaskPriority.Critical));
        using var lease = await rig.RegisterAsync();

        Guid[] order = [.. (await rig.ClaimAsync(lease, turn: ChooseLanes.AgingTurn)).Concat(await rig.ClaimAsync(lease, turn: ChooseLanes.AgingTurn)).Select(t => t.Row.TaskId)];

        Assert.Equal([critical, old], order);
        Assert.Equal(high, Assert.Single(await rig.ClaimAsync(lease)).Row.TaskId);
    }

    [Theory]
    [InlineData("update task_engine set mode = 'paused'")]
    [InlineData("update task_engine set mode = 'stopped'")]
    [InlineData("update task_engine set min_protocol = 1000")]
    [InlineData("update workers set draining = true")]
    [InlineData("update workers set state = 'failed'")]
    [InlineData("update workers set lease_until = '2000-01-01'")]
    [InlineData("update workers set generation = generation + 1")]
    public async Task Who_may_not_claim_gets_nothing(string reason)
    {
        await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        await rig.ExecuteAsync(reason);

        Assert.Empty(await rig.ClaimAsync(lease));
    }

    [Fact]
    public async Task A_task_that_needs_a_capability_waits_for_a_worker_that_has_it()
    {
        await rig.FileAsync(new NewTask("echo", """{"text":"x"}""") { Requires = ["gpu"] });
        using var lease = await rig.RegisterAsync();

        Assert.Empty(await rig.ClaimAsync(lease, most: 10));
    }

    [Fact]
    public async Task A_reassigned_task_stays_away_from_its_old_worker_for_a_moment_only()
    {
        await rig.FileAsync();
        using var old = await rig.RegisterAsync();
        await rig.ExecuteAsync("update task_ready set avoid_worker = @WorkerId", new { old.WorkerId });

        Assert.Empty(await rig.ClaimAsync(old));
        rig.Time.Advance(AskedClaim.Avoidance + TimeSpan.FromSeconds(0.1));
        Assert.Single(await rig.ClaimAsync(old));
    }

    [Fact]
    public async Task What_lies_before_the_mark_is_found_by_the_next_full_look()
    {
        await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var lane = await rig.ScalarAsync<int>("select lane_id from task_ready");

        Assert.Empty(await rig.ClaimAsync(lease, marks: new Dictionary<int, long> { [lane] = long.MaxValue }));
        Assert.Single(await rig.ClaimAsync(lease));
    }

    static NewTask Of(TaskPriority priority) => new("echo", """{"text":"x"}""") { Priority = priority };
}
