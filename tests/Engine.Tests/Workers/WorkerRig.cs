using Dapper;
using Engine.Audit;
using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Workers;

/// <summary>The parts of the task engine over a test database and a clock that the test moves; nothing runs by itself.</summary>
sealed class WorkerRig : IAsyncDisposable
{
    readonly ServiceProvider services;
    readonly TestDatabase database;

    /// <param name="connectionString">Of the workers' own connections; null: straight to the database.</param>
    public WorkerRig(TestDatabase database, Func<TaskKind, TaskKind>? limits = null, string? connectionString = null)
    {
        this.database = database;
        var collection = new ServiceCollection();
        collection.AddLogging().AddMetrics();
        collection.AddSingleton<TimeProvider>(Time);
        collection.AddSingleton(database.Source);
        collection.AddSingleton(new ReservedConnections(connectionString ?? database.EngineConnectionString));
        collection.AddSingleton(new TasksSettings());
        collection.AddSingleton(new WorkersSettings());
        collection.AddSingleton<RecordAudit>();
        collection.AddTasks();
        collection.AddWorkers();
        collection.AddTaskKind<EchoTask, EchoTask.Payload>("echo", limits);
        collection.AddTaskKind<OtherTask, EchoTask.Payload>("other", limits);
        services = collection.BuildServiceProvider();
    }

    public ManualTime Time { get; } = new();

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    /// <param name="former">What the same process was before, and stopped being by itself.</param>
    public Task<WorkerLease> RegisterAsync(long? former = null) => Get<RegisterWorker>().RunAsync(former, CancellationToken.None);

    public async Task<Guid> FileAsync(NewTask? task = null)
    {
        var filing = await Get<FileTasks>().RunAsync([task ?? new NewTask("echo", """{"text":"x"}""")], "test", CancellationToken.None);
        return Assert.IsType<Filing.Done>(filing).Tasks[0].TaskId;
    }

    /// <summary>Claims as the worker loop does.</summary>
    public async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(WorkerLease lease, int most = 1, long generation = 0, long turn = 1, IReadOnlyDictionary<int, long>? marks = null, bool soloFree = true,
        IReadOnlyDictionary<string, int>? limits = null)
    {
        await using var exchange = await ExchangeTasks.OpenAsync(Get<ReservedConnections>(), throughPooler: false, CancellationToken.None);
        return (await ExchangeAsync(exchange, lease, [], most, generation, turn, marks, soloFree, limits)).Claimed;
    }

    public async Task<(IReadOnlySet<Guid> Accepted, IReadOnlyList<ClaimedTask> Claimed)> ExchangeAsync(ExchangeTasks exchange, WorkerLease lease,
        IReadOnlyList<FinishedAttempt> finished, int most, long generation = 0, long turn = 1, IReadOnlyDictionary<int, long>? marks = null, bool soloFree = true,
        IReadOnlyDictionary<string, int>? limits = null)
    {
        var lanes = await Get<TaskLanes>().RefreshAsync(CancellationToken.None);
        var now = Time.GetUtcNow();
        var asked = most == 0 ? null : new AskedClaim(lease.WorkerId, generation, most,
            ChooseLanes.Decide(lanes, Get<WorkerParts>().Abilities, marks ?? new Dictionary<int, long>(), most, limits ?? new Dictionary<string, int>(), soloFree, turn, now));
        var exchanged = await exchange.RunAsync(finished, asked, now, CancellationToken.None);
        return (exchanged.Accepted, [.. exchanged.Claimed.Select(c =>
            new ClaimedTask(c.Row, lanes.Single(l => l.LaneId == c.Row.LaneId).Kind, c.PayloadJson, c.Place, c.ReadyAt, now, c.DryRun, c.DeadlineAt, lease))]);
    }

    public async Task<IReadOnlyList<ClaimedTask>> EndAsync(params IEnumerable<(ClaimedTask Task, TaskResult Result)> attempts)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        return await Get<EndAttempts>().RunAsync(connection, [.. attempts.Select(a => new FinishedAttempt(a.Task, a.Result, null))], CancellationToken.None);
    }

    public async Task<string?> StateAsync(Guid taskId)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        return await connection.QuerySingleOrDefaultAsync<string>("select state from governance_tasks where task_id = @taskId", new { taskId });
    }

    public async Task<IReadOnlyList<string>> OutcomesAsync(Guid taskId)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("select outcome from task_attempts where task_id = @taskId order by epoch", new { taskId })];
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await database.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql)
    {
        await using var connection = await database.Owner.OpenConnectionAsync();
        return [.. await connection.QueryAsync<T>(sql)];
    }

    public async ValueTask DisposeAsync()
    {
        await Get<ReservedConnections>().DisposeAsync();
        await services.DisposeAsync();
    }
}

sealed class EchoTask : ITaskHandler<EchoTask.Payload>
{
    public sealed record Payload(string Text);

    public Task<TaskResult> RunAsync(Payload payload, TaskContext context, CancellationToken ct) => Task.FromResult(TaskResult.Done(payload));
}

sealed class OtherTask : ITaskHandler<EchoTask.Payload>
{
    public Task<TaskResult> RunAsync(EchoTask.Payload payload, TaskContext context, CancellationToken ct) => TaskResult.DoneAsync();
}
