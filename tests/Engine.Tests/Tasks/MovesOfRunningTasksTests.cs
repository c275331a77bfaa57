using Dapper;
using Engine.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>The moves with a whole engine beside them: its worker runs what they let go.</summary>
public sealed class MovesOfRunningTasksTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    readonly Waiting waiting = new();
    readonly EngineServer server = new();

    public Task InitializeAsync()
    {
        server.Additions = services =>
        {
            services.AddSingleton(waiting);
            services.AddTaskKind<BrokenHandler, Probe>("broken");
            services.AddTaskKind<WaitingHandler, Probe>("waits");
            services.AddTaskKind<ParentHandler, Probe>("parent");
        };
        return server.InitializeAsync();
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_bug_is_investigated_and_runs_again_when_somebody_says_so()
    {
        var taskId = await FileAsync("broken");
        await EventuallyAsync(taskId, "waiting_approval");
        await Eventually.TrueAsync(async () => await ReadAsync<string?>("select result ->> 'summary' from governance_tasks where kind = 'investigate_failure' and state = 'succeeded' and origin_id = @taskId", taskId) is { } summary
            && summary.StartsWith("It failed 1 × task_fault on 1 worker;", StringComparison.Ordinal), Soon, "its failure was investigated");

        Assert.IsType<DecisionOutcome.Taken>(await Get<DecideGate>().RunAsync(new NewDecision(taskId, OpenGate.TaskFault, 1, "approved", "token:test"), CancellationToken.None));

        await Eventually.TrueAsync(async () => await ReadAsync<long>("select max(epoch) from task_attempts where task_id = @taskId", taskId) == 2, Soon, "it ran again");
        await EventuallyAsync(taskId, "waiting_approval");
    }

    [Fact]
    public async Task A_running_task_that_is_cancelled_is_told_at_once_and_its_end_is_refused()
    {
        var taskId = await FileAsync("waits");
        await waiting.Began.Task.WaitAsync(Soon);

        Assert.Equal(new TaskMove.Done("cancelled"), await Get<CancelTask>().RunAsync(taskId, "enough", "token:test", null, CancellationToken.None));

        await waiting.Told.Task.WaitAsync(Soon);
        Assert.Equal("cancelled", await StateAsync(taskId));
    }

    [Fact]
    public async Task A_handler_files_a_child_of_its_own_task_which_runs_after_it()
    {
        var taskId = await FileAsync("parent");

        await Eventually.TrueAsync(async () => await ReadAsync<long>("select count(*) from governance_tasks where origin_id = @taskId and state = 'waiting_approval'", taskId) == 1, Soon, "the child ran");
        Assert.Equal("succeeded", await StateAsync(taskId));
    }

    T Get<T>() where T : notnull => server.Services.GetRequiredService<T>();

    async Task<Guid> FileAsync(string kind) =>
        Assert.IsType<Filing.Done>(await Get<FileTasks>().RunAsync([new NewTask(kind, "{}")], "test", CancellationToken.None)).Tasks[0].TaskId;

    async Task<T> ReadAsync<T>(string sql, Guid taskId)
    {
        await using var connection = await server.Database.Source.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, new { taskId }))!;
    }

    Task<string> StateAsync(Guid taskId) => ReadAsync<string>("select state from governance_tasks where task_id = @taskId", taskId);

    Task EventuallyAsync(Guid taskId, string state) => Eventually.TrueAsync(async () => await StateAsync(taskId) == state, Soon, $"the task is {state}");

    sealed class Waiting
    {
        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    sealed class BrokenHandler : ITaskHandler<Probe>
    {
        public Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct) => throw new InvalidOperationException("a bug");
    }

    sealed class WaitingHandler(Waiting waiting) : ITaskHandler<Probe>
    {
        public async Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct)
        {
            waiting.Began.SetResult();
            await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            waiting.Told.SetResult();
            return TaskResult.Done();
        }
    }

    sealed class ParentHandler(FileTasks file) : ITaskHandler<Probe>
    {
        public async Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct)
        {
            await file.RunAsync([new NewTask("broken", "{}") { DependsOn = [context.TaskId], OriginId = context.TaskId }], "parent", ct);
            return TaskResult.Done();
        }
    }
}
