using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>What a task of the tests says; nobody runs it.</summary>
public sealed record Probe(string Say = "");

/// <summary>Stands for a handler where tests claim and finish by hand.</summary>
public sealed class ProbeHandler : ITaskHandler<Probe>
{
    public Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct) => TaskResult.DoneAsync();
}

/// <summary>The tasks of one engine on an empty database, without the loops: a test claims, finishes and passes by hand.</summary>
sealed class TasksRig : IAsyncDisposable
{
    public const string Kind = "probe";

    readonly ServiceProvider services;

    TasksRig(TestDatabase db, TimeProvider time, Action<IServiceCollection>? additions)
    {
        Db = db;
        Time = time as ManualTime;
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddMetrics();
        collection.AddSingleton(db.Source);
        collection.AddSingleton(time);
        collection.AddSingleton(new ReservedConnections(db.EngineConnectionString));
        collection.AddSingleton(new TasksSettings());
        collection.AddSingleton(new WorkersSettings());
        collection.AddSingleton<RecordAudit>();
        collection.AddSingleton<WorkerMetrics>();
        collection.AddSingleton<RegisterWorker>();
        collection.AddSingleton<EndAttempts>();
        collection.AddSingleton<CountDeaths>();
        collection.AddSingleton<RescueTasks>();
        collection.AddTasks();
        collection.AddTaskKind<ProbeHandler, Probe>(Kind);
        additions?.Invoke(collection);
        services = collection.BuildServiceProvider();
    }

    public TestDatabase Db { get; }

    /// <summary>Moved by hand; null where the test runs by the machine's clock.</summary>
    public ManualTime? Time { get; }

    public DateTimeOffset Now => Get<TimeProvider>().GetUtcNow();

    /// <param name="time">Null: one that is moved by hand.</param>
    public static async Task<TasksRig> OnEmptyAsync(TestDatabase db, TimeProvider? time = null, Action<IServiceCollection>? additions = null)
    {
        await db.EmptyAsync();
        return new TasksRig(db, time ?? new ManualTime(), additions);
    }

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    public static NewTask New(string say = "") => new(Kind, new JsonObject { ["say"] = say }.ToJsonString());

    public Guid NewId() => Guid.CreateVersion7(Now);

    public async Task<Filing> TryFileAsync(params NewTask[] tasks) => await Get<FileTasks>().RunAsync(tasks, "test", CancellationToken.None);

    public async Task<Guid[]> FileAllAsync(params NewTask[] tasks) =>
        [.. Assert.IsType<Filing.Done>(await TryFileAsync(tasks)).Tasks.Select(t => t.TaskId)];

    public async Task<Guid> FileAsync(NewTask? task = null) => (await FileAllAsync(task ?? New()))[0];

    public Task<TaskMove> CancelAsync(Guid taskId, string? reason = null) => Get<CancelTask>().RunAsync(taskId, reason, "token:test", "127.0.0.1", CancellationToken.None);

    public Task<TaskMove> RetryAsync(Guid taskId) => Get<RetryTask>().RunAsync(taskId, null, "token:test", null, CancellationToken.None);

    public Task<TaskMove> RedriveAsync(Guid taskId, NewDeadline? deadline = null) => Get<RedriveTask>().RunAsync(taskId, null, deadline, "token:test", null, CancellationToken.None);

    public Task<TaskMove> ReassignAsync(Guid taskId) => Get<ReassignTask>().RunAsync(taskId, null, "token:test", null, CancellationToken.None);

    public Task<DecisionOutcome> DecideAsync(Guid taskId, string gate, string decision, long? epoch = null, string by = "token:test") =>
        Get<DecideGate>().RunAsync(new NewDecision(taskId, gate, epoch, decision, by), CancellationToken.None);

    /// <summary>A worker with a connection of its own, which is never thought dead unless the test makes it so.</summary>
    public Task<ProbeWorker> WorkerAsync() => ProbeWorker.StartAsync(this);

    /// <summary>What <c>governance_tasks</c> says of the task.</summary>
    public async Task<SeenTask> SeeAsync(Guid taskId)
    {
        await using var connection = await Db.Source.OpenConnectionAsync();
        return await connection.QuerySingleAsync<SeenTask>("select state, epoch, failures, losses, gate, reason, due_at from governance_tasks where task_id = @taskId", new { taskId });
    }

    public async Task<string> StateAsync(Guid taskId) => (await SeeAsync(taskId)).State;

    public async Task<SeenAttempt[]> AttemptsAsync(Guid taskId)
    {
        await using var connection = await Db.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<SeenAttempt>(
            "select epoch, worker_id, outcome, final_state, fault, error, result::text as result, reopened_at is not null as is_reopened from task_attempts where task_id = @taskId order by epoch", new { taskId })];
    }

    public async Task<string[]> TimelineAsync(Guid taskId)
    {
        await using var connection = await Db.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("select event || ' ' || actor from v_task_timeline where task_id = @taskId order by at, epoch, event", new { taskId })];
    }

    public async Task<T> ReadAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Db.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public async ValueTask DisposeAsync() => await services.DisposeAsync();
}

sealed record SeenTask(string State, long Epoch, short? Failures, short? Losses, string? Gate, string? Reason, DateTimeOffset? DueAt);

sealed record SeenAttempt(long Epoch, long? WorkerId, string Outcome, string? FinalState, string? Fault, string? Error, string? Result, bool IsReopened);
