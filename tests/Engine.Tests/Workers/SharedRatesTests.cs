using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

/// <summary>A rate limit that workers share: it is reached, and never passed, whoever takes its starts and does not use them.</summary>
public sealed class SharedRatesTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    const int PerSecond = 20, Steps = 20; // a second has so many steps

    static readonly TimeSpan Step = TimeSpan.FromSeconds(1.0 / Steps);

    readonly WorkerRig rig = new(database, kind => kind.Name == "echo" ? kind with { StartsPerSecond = PerSecond } : kind);
    readonly List<(DateTimeOffset At, int Starts)> started = [];

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task What_one_worker_may_start_and_has_not_the_other_starts()
    {
        const int Seconds = 6;
        await BeIdleAsync();
        await using var first = await SharerAsync();
        await using var second = await SharerAsync();

        for (var step = 0; step < Seconds * Steps; step++)
        {
            var at = step % Steps;
            for (var i = 0; i < (at == 0 ? 1 : at == 1 ? PerSecond - 1 : 0); i++) await rig.FileAsync();
            if (at == 0) await StartAsync(first, room: 16);
            else if (at < 5) await StartAsync(second, room: PerSecond); // then both are busy until the next second
            rig.Time.Advance(Step);
        }

        EachSecondReaches(PerSecond);
        NeverMoreThan(PerSecond, burst: PerSecond);
    }

    [Fact]
    public async Task Two_workers_with_more_to_do_than_they_may_start_as_many_as_the_limit_and_no_more()
    {
        const int Seconds = 5;
        for (var i = 0; i < PerSecond * (Seconds + 2); i++) await rig.FileAsync();
        await using var first = await SharerAsync();
        await using var second = await SharerAsync();
        await BeIdleAsync();

        for (var step = 0; step < Seconds * Steps; step++)
        {
            await StartAsync(first, room: 3 + step % 5);
            await StartAsync(second, room: 16);
            rig.Time.Advance(Step);
        }

        EachSecondReaches(PerSecond);
        NeverMoreThan(PerSecond, burst: PerSecond);
    }

    [Theory]
    [InlineData(10, 10, 1)]
    [InlineData(10, 10, 2)]
    [InlineData(2.5, 3, 3)]
    public async Task However_late_unused_starts_come_back_nobody_may_start_more_for_it(double perSecond, int burst, int seed)
    {
        var random = new Random(seed);
        var (take, giveBack) = (rig.Get<TakeStarts>(), rig.Get<ReturnStarts>());
        await take.DefineAsync("echo", perSecond, CancellationToken.None);
        for (var i = 0; i < 12; i++) await rig.FileAsync();
        var lanes = await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None);
        var held = new List<(TakenStarts Taken, int Unused)>();

        for (var step = 0; step < 300; step++)
        {
            if (random.Next(3) == 0 && await take.RunAsync("echo", lanes, new Dictionary<int, long>(), random.Next(1, 12), CancellationToken.None) is { } taken)
            {
                var used = random.Next(taken.Starts + 1);
                started.Add((rig.Time.GetUtcNow(), used));
                if (used < taken.Starts) held.Add((taken, taken.Starts - used));
            }
            if (held.Count > 0 && random.Next(4) == 0)
            {
                var (late, unused) = held[random.Next(held.Count)];
                held.Remove((late, unused));
                await giveBack.RunAsync(late, unused, CancellationToken.None);
            }
            rig.Time.Advance(TimeSpan.FromMilliseconds(random.Next(300)));
        }

        NeverMoreThan(perSecond, burst);
    }

    [Fact]
    public async Task The_loop_returns_what_it_may_start_and_another_took()
    {
        await BeIdleAsync();
        await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        await rig.ExecuteAsync("update task_ready set avoid_worker = @WorkerId", new { lease.WorkerId }); // ready, but not for this one
        var other = await rig.FileAsync(new NewTask("other", """{"text":"x"}"""));
        var loop = WorkerLoopTests.Make(rig, lease);
        using var _ = loop.Heartbeat;
        loop.Attempts.Start(1);
        using var end = new CancellationTokenSource();
        var run = loop.Worker.RunAsync(end.Token);

        await Eventually.TrueAsync(async () => await rig.StateAsync(other) == "succeeded", TimeSpan.FromSeconds(20), "it has looked for both");
        await end.CancelAsync();
        await run;

        Assert.Equal(rig.Time.GetUtcNow() - TimeSpan.FromSeconds(1), await rig.ScalarAsync<DateTimeOffset>("select free_at from task_rates")); // a whole second is free
    }

    async Task StartAsync(Sharer worker, int room)
    {
        var lanes = await rig.Get<TaskLanes>().RefreshAsync(CancellationToken.None);
        var (most, kinds) = await worker.Limits.RunAsync(worker.Lease.WorkerId, worker.Lease, lanes, new Dictionary<int, long>(), room, CancellationToken.None);
        var (_, claimed) = await rig.ExchangeAsync(worker.Exchange, worker.Lease, [], most, limits: kinds);
        foreach (var task in claimed) worker.Limits.Claimed(task.Kind, task.Row.TaskId);
        await worker.Limits.ReturnUnusedAsync(CancellationToken.None);
        started.Add((rig.Time.GetUtcNow(), claimed.Count));
        await rig.ExecuteAsync("update workers set lease_until = lease_until + interval '1 hour'");
    }

    /// <summary>Saves up one second, however long it takes.</summary>
    async Task BeIdleAsync()
    {
        await rig.Get<TakeStarts>().DefineAsync("echo", PerSecond, CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(3));
    }

    void EachSecondReaches(double perSecond)
    {
        var begun = started[0].At;
        foreach (var second in started.GroupBy(s => (int)((s.At - begun).TotalSeconds + 1e-6)))
            Assert.True(second.Sum(s => s.Starts) >= 0.9 * perSecond, $"{second.Sum(s => s.Starts)} starts in second {second.Key}");
    }

    /// <summary>Whatever the time between two starts, there were no more in it than its share and the burst.</summary>
    void NeverMoreThan(double perSecond, int burst)
    {
        for (var from = 0; from < started.Count; from++)
        {
            var sum = 0;
            for (var to = from; to < started.Count; to++)
            {
                sum += started[to].Starts;
                var most = perSecond * (started[to].At - started[from].At).TotalSeconds + burst + 1e-6;
                Assert.True(sum <= most, $"{sum} starts in {started[to].At - started[from].At}, of which {most} are allowed");
            }
        }
    }

    async Task<Sharer> SharerAsync() => new(await rig.RegisterAsync(),
        new ClaimLimits(rig.Get<TaskKinds>(), rig.Get<TasksSettings>(), rig.Get<TakeStarts>(), rig.Get<ReturnStarts>(), rig.Get<Breakers>(), rig.Time),
        await ExchangeTasks.OpenAsync(rig.Get<ReservedConnections>(), throughPooler: false, CancellationToken.None));

    /// <summary>A worker as its process has it: limits of its own over the one database.</summary>
    sealed record Sharer(WorkerLease Lease, ClaimLimits Limits, ExchangeTasks Exchange) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Lease.Dispose();
            await Exchange.DisposeAsync();
        }
    }
}
