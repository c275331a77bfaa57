using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;
using Support.Proxy;

namespace Engine.Tests.Workers;

/// <summary>The loop of one worker, put together by hand.</summary>
public sealed class WorkerLoopTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task What_is_to_be_given_back_is_not_forgotten_for_what_is_to_be_given_back_next()
    {
        Guid[] tasks = [await rig.FileAsync(), await rig.FileAsync()];
        using var lease = await rig.RegisterAsync();
        var (worker, attempts, heartbeat) = Make(lease);
        using var _ = heartbeat;
        foreach (var task in await rig.ClaimAsync(lease, most: 2)) attempts.Add(task); // no slot begins them

        foreach (var taskId in tasks) worker.ReturnUnstarted(task => task.Row.TaskId == taskId);
        using var end = new CancellationTokenSource();
        var run = worker.RunAsync(end.Token);

        await Eventually.TrueAsync(async () => await rig.ScalarAsync<long>("select count(distinct task_id) from task_attempts where outcome = 'returned'") == 2, Soon, "both went back");
        await end.CancelAsync();
        await run;
    }

    [Fact]
    public async Task What_has_ended_is_told_while_every_pooled_connection_is_taken()
    {
        var taskId = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        await rig.Get<Breakers>().OpenAsync("other", "ffffff", "x", CancellationToken.None); // a kind that stands still is asked for with each claim
        await rig.Get<ClaimLimits>().ReadAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromSeconds(5));
        var (worker, attempts, heartbeat) = Make(lease);
        using var _ = heartbeat;
        foreach (var task in await rig.ClaimAsync(lease)) attempts.Add(task);
        var taken = new List<NpgsqlConnection>();
        var most = new NpgsqlConnectionStringBuilder(database.EngineConnectionString).MaxPoolSize;
        for (var i = 0; i < most; i++) taken.Add(await database.Source.OpenConnectionAsync());
        attempts.Start(1);

        using var end = new CancellationTokenSource();
        var run = worker.RunAsync(end.Token);

        await Eventually.TrueAsync(async () => await rig.ScalarAsync<long>("select count(*) from task_attempts where outcome = 'succeeded'") == 1, TimeSpan.FromSeconds(40), $"the end of {taskId} is told");
        foreach (var connection in taken) await connection.DisposeAsync();
        await end.CancelAsync();
        await run;
    }

    [Fact]
    public async Task A_look_that_brought_less_than_it_might_have_is_not_repeated_at_once()
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(database.EngineConnectionString).Port);
        await using var rig = new WorkerRig(database, connectionString: Through(proxy));
        using var lease = await rig.RegisterAsync();
        var (worker, attempts, heartbeat) = Make(rig, lease);
        using var _ = heartbeat;
        var first = await rig.FileAsync();
        using var end = new CancellationTokenSource();
        var run = worker.RunAsync(end.Token);
        await Eventually.TrueAsync(async () => await rig.StateAsync(first) == "running", Soon, "it is claimed, and no slot begins it");

        var next = await rig.FileAsync();
        worker.Wake(null);
        await Eventually.TrueAsync(async () => await rig.StateAsync(next) == "running", Soon, "the next one is claimed");
        attempts.Start(2);
        await Eventually.TrueAsync(async () => await rig.StateAsync(first) == "succeeded" && await rig.StateAsync(next) == "succeeded", Soon, "both are done");
        await end.CancelAsync();
        await run;

        Assert.Equal(3, Looks(proxy)); // one for each claim, and the one that the first end is told with
    }

    [Fact]
    public async Task Wakes_that_lead_to_nothing_are_not_followed_by_a_look_each()
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(database.EngineConnectionString).Port);
        await using var rig = new WorkerRig(database, connectionString: Through(proxy));
        using var lease = await rig.RegisterAsync();
        var (worker, attempts, heartbeat) = Make(rig, lease);
        using var _ = heartbeat;
        attempts.Start(1);
        await rig.FileAsync();
        using var end = new CancellationTokenSource();
        var run = worker.RunAsync(end.Token);
        await Eventually.TrueAsync(() => Looks() == 2, Soon, "it is done, and nothing more is there");

        worker.Wake(null);
        await Eventually.TrueAsync(() => Looks() == 3, Soon, "a wake is followed at once");
        for (var i = 0; i < 500; i++)
        {
            worker.Wake(null);
            await rig.ScalarAsync<int>("select 1");
        }
        await Eventually.TrueAsync(() => Later() && Looks() == 4, Soon, "those that came too soon are followed a moment later, all by one look");
        var taskId = await rig.FileAsync();
        worker.Wake(null);
        await Eventually.TrueAsync(async () => Later() && await rig.StateAsync(taskId) == "succeeded", Soon, "what comes in a storm is done");
        await end.CancelAsync();
        await run;

        int Looks() => WorkerLoopTests.Looks(proxy);

        bool Later()
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(1));
            return true;
        }
    }

    [Fact]
    public async Task Lanes_that_were_there_before_one_that_was_found_by_name_are_seen_too()
    {
        await rig.ExecuteAsync("insert into task_lanes (kind, requires, priority) select 'echo', array['tool' || n], 2 from generate_series(1, 200) n");
        var lanes = new TaskLanes(database.Source);
        await lanes.NumberAsync("echo", ["the last one"], TaskPriority.Low, solo: false, CancellationToken.None);

        var known = await lanes.RefreshAsync(CancellationToken.None);

        Assert.Equal(await rig.ScalarAsync<long>("select count(*) from task_lanes"), known.Count);
    }

    [Fact]
    public async Task A_lease_is_lost_once_whatever_those_who_are_told_do()
    {
        using var lease = await rig.RegisterAsync();
        using var _ = lease.Lost.Register(() => throw new InvalidOperationException("told"));

        lease.Lose();

        Assert.False(lease.Holds);
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    static int Looks(TcpProxy proxy) => proxy.Connections.Sum(c => c.TimesSent("delete from task_ready"));

    string Through(TcpProxy proxy) => new NpgsqlConnectionStringBuilder(database.EngineConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;

    (Worker Worker, RunAttempts Attempts, Heartbeat Heartbeat) Make(WorkerLease lease) => Make(rig, lease);

    internal static (Worker Worker, RunAttempts Attempts, Heartbeat Heartbeat) Make(WorkerRig rig, WorkerLease lease)
    {
        var (parts, recent) = (rig.Get<WorkerParts>(), new RecentRuns());
        var attempts = new RunAttempts(parts.Kinds, parts.Records, rig.Time, lease, parts.Metrics, recent, NullLogger.Instance);
        var heartbeat = new Heartbeat(lease, rig.Get<ReservedConnections>(), rig.Time, parts.Tasks, () => throw new InvalidOperationException("it never beats"), NullLogger.Instance);
        return (new Worker(lease, parts, heartbeat, attempts, recent), attempts, heartbeat);
    }
}
