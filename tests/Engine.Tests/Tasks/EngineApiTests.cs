using Dapper;
using Engine.Tasks;
using Engine.Tests.Workers;
using Engine.Workers;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>What people see of workers and do to them, over the API of a running engine.</summary>
public sealed class EngineApiTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly EngineServer engine = new();
    readonly WorkKinds kinds = new();

    public async Task InitializeAsync()
    {
        engine.Additions = kinds.AddTo;
        engine.Environment["ENGINE__WORKERS__SLOTS"] = "2";
        engine.Environment["ENGINE__WORKERS__DRAINTIMEOUT"] = "00:00:00.3";
        await engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task A_paused_engine_begins_nothing_until_it_is_started_and_the_audit_log_names_who()
    {
        var paused = await PostAsync<EngineModeResponse>("/api/engine/pause", """{"reason":"repairs"}""");
        var taskId = await FileAsync("fine");
        var status = await GetAsync<EngineStatusResponse>("/api/engine/status");
        Assert.Equal(("paused", "paused"), (paused.Mode, status.Mode));
        Assert.Equal(TaskState.Pending, (await GetAsync<TaskResponse>($"/api/tasks/{taskId}/wait?timeout=1")).State);

        var started = await PostAsync<EngineModeResponse>("/api/engine/start");
        var again = await PostAsync<EngineModeResponse>("/api/engine/start");

        Assert.Equal(TaskState.Succeeded, (await GetAsync<TaskResponse>($"/api/tasks/{taskId}/wait?timeout=20")).State);
        Assert.Equal(started, again); // a mode that held already changes nothing
        Assert.Contains("\"mode\":\"running\"", await engine.Admin.GetStringAsync("/api/status"), StringComparison.Ordinal);
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        Assert.Equal(["""{"to": "paused", "from": "running", "reason": "repairs"}""", """{"to": "running", "from": "paused"}"""],
            await connection.QueryAsync<string>("select details::text from audit_log where action = 'engine.mode' order by recorded_at"));
    }

    [Fact]
    public async Task A_stop_gives_back_what_runs_unharmed()
    {
        var taskId = await RunningAsync();

        await PostAsync<EngineModeResponse>("/api/engine/stop");

        await Eventually.TrueAsync(async () => (await ShowAsync(taskId)).Task.State == TaskState.Pending, Soon, "the task is pending again");
        var shown = await ShowAsync(taskId);
        Assert.Equal(("returned", 0, 0), (Assert.Single(shown.Attempts).Outcome, shown.Task.Failures, shown.Task.Losses));
    }

    [Fact]
    public async Task Who_runs_what_is_told_and_a_task_is_taken_from_its_worker()
    {
        var taskId = await RunningAsync();

        var assignment = Assert.Single((await GetAsync<Engine.Http.Page<AssignmentResponse>>("/api/engine/assignments")).Items);
        var worker = Assert.Single((await GetAsync<Engine.Http.Page<WorkerResponse>>("/api/engine/workers?alive=true")).Items);
        var none = await GetAsync<Engine.Http.Page<AssignmentResponse>>($"/api/engine/assignments?worker_id={worker.WorkerId + 1}");
        var moved = await PostAsync<TaskMoveResponse>($"/api/engine/reassign/{taskId}", """{"reason":"slow"}""");

        Assert.Equal((taskId, "work", worker.WorkerId, Environment.MachineName, 1L), (assignment.TaskId, assignment.Kind, assignment.WorkerId, assignment.Host, assignment.Epoch));
        Assert.Equal((2, "healthy", false), (worker.Slots, worker.Health, worker.Draining));
        Assert.Superset(new HashSet<string> { "work", "short" }, worker.Kinds.ToHashSet());
        Assert.Empty(none.Items);
        Assert.Equal(TaskState.Pending, moved.State);
        await Eventually.TrueAsync(async () => (await ShowAsync(taskId)).Attempts is [{ Outcome: "reassigned" }], Soon, "its first attempt was taken away");
    }

    [Fact]
    public async Task A_drained_worker_takes_nothing_new_and_lets_what_runs_go_on()
    {
        var running = await RunningAsync();
        var worker = Assert.Single((await GetAsync<Engine.Http.Page<WorkerResponse>>("/api/engine/workers?alive=true")).Items);

        var drained = await PostAsync<WorkerResponse>($"/api/engine/workers/{worker.WorkerId}/drain");
        await PostAsync<WorkerResponse>($"/api/engine/workers/{worker.WorkerId}/drain");
        await Eventually.TrueAsync(async () => await HeartbeatSinceAsync(worker), Soon, "the worker has heard of it");
        var waiting = await FileAsync("fine");

        Assert.True(drained.Draining);
        Assert.Equal(TaskState.Pending, (await GetAsync<TaskResponse>($"/api/tasks/{waiting}/wait?timeout=2")).State);
        Assert.Equal(TaskState.Running, (await ShowAsync(running)).Task.State);
        Assert.Equal(1, (await GetAsync<EngineStatusResponse>("/api/engine/status")).Workers.Draining);
        Assert.Equal((404, "not_found"), await CodeAsync("/api/engine/workers/999999/drain"));
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*) from audit_log where action = 'worker.drain'"));
        await connection.ExecuteAsync("update workers set state = 'offline' where worker_id = @WorkerId", worker);
        Assert.Equal((409, "worker_gone"), await CodeAsync($"/api/engine/workers/{worker.WorkerId}/drain"));
    }

    [Fact]
    public async Task A_drained_worker_that_is_resumed_takes_tasks_again()
    {
        await RunningAsync();
        var worker = Assert.Single((await GetAsync<Engine.Http.Page<WorkerResponse>>("/api/engine/workers?alive=true")).Items);
        await PostAsync<WorkerResponse>($"/api/engine/workers/{worker.WorkerId}/drain");
        await Eventually.TrueAsync(async () => await HeartbeatSinceAsync(worker), Soon, "the worker has heard of it");
        var waiting = await FileAsync("fine");

        var resumed = await PostAsync<WorkerResponse>($"/api/engine/workers/{worker.WorkerId}/resume");
        await PostAsync<WorkerResponse>($"/api/engine/workers/{worker.WorkerId}/resume");

        Assert.False(resumed.Draining);
        await Eventually.TrueAsync(async () => (await ShowAsync(waiting)).Task.State == TaskState.Succeeded, Soon, "what came meanwhile is done");
        Assert.Equal((404, "not_found"), await CodeAsync("/api/engine/workers/999999/resume"));
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*) from audit_log where action = 'worker.resume'"));
        await connection.ExecuteAsync("update workers set state = 'failed' where worker_id = @WorkerId", worker);
        Assert.Equal((409, "worker_gone"), await CodeAsync($"/api/engine/workers/{worker.WorkerId}/resume"));
    }

    [Fact]
    public async Task Workers_are_listed_page_by_page_with_those_that_are_gone()
    {
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("""
            insert into workers (host, process_id, engine_version, protocol, kinds, capabilities, slots, state, started_at, beat_at, lease_until, recent, cleared_at)
            select 'gone', n, '0', 1, '{}', '{gpu}', 4, 'failed', '2026-01-01', '2026-01-01', '2026-01-01', 'ssf', '2026-01-01' from generate_series(1, 5) n
            """);

        var all = new List<WorkerResponse>();
        for (string? next = ""; next is not null;)
        {
            var page = await GetAsync<Engine.Http.Page<WorkerResponse>>($"/api/engine/workers?limit=2&page_token={next}");
            all.AddRange(page.Items);
            next = page.NextPageToken;
        }

        Assert.Equal(all.Select(w => w.WorkerId).OrderDescending(), all.Select(w => w.WorkerId));
        Assert.Equal(5, all.Count(w => w is { Host: "gone", Health: "offline", RecentSuccess: > 0.6 and < 0.7 }));
        Assert.Contains(all, w => w.Health == "healthy");
    }

    [Fact]
    public async Task Status_and_metrics_count_the_queue_and_a_forgotten_transaction_degrades_the_health()
    {
        await PostAsync<EngineModeResponse>("/api/engine/pause");
        await FileAsync("fine");
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await using var forgotten = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await connection.ExecuteAsync("select count(*) from tasks", transaction: forgotten);
        await connection.ExecuteAsync("insert into task_breakers (kind, state, changed_at, retry_at, openings, reason) values ('broken', 'open', 'epoch', 'infinity', 3, 'too bad')");
        var depth = engine.Services.GetRequiredService<KeepQueueDepth>();

        await depth.RunOnceAsync(CancellationToken.None);

        var status = await GetAsync<EngineStatusResponse>("/api/engine/status");
        Assert.Equal((1, 1, "work"), (status.Tasks["pending"], status.Queues.Single().Ready, status.Queues.Single().Kind));
        Assert.NotNull(status.OldestTransaction);
        var metrics = await engine.Admin.GetStringAsync("/metrics");
        foreach (var expected in new[] { "engine_tasks_queue_depth{", "kind=\"work\"", "priority=\"normal\"", "engine_tasks_oldest_age_seconds{", "engine_tasks_live{", "engine_database_oldest_snapshot_seconds" })
            Assert.Contains(expected, metrics, StringComparison.Ordinal);
    }

    async Task<bool> HeartbeatSinceAsync(WorkerResponse worker) =>
        (await GetAsync<Engine.Http.Page<WorkerResponse>>("/api/engine/workers?alive=true")).Items.Single(w => w.WorkerId == worker.WorkerId).BeatAt > worker.BeatAt;

    async Task<Guid> FileAsync(string how)
    {
        var filed = await PostAsync<FiledTaskResponse>("/api/tasks", $$$"""{"kind":"work","payload":{"how":"{{{how}}}"}}""");
        return filed.TaskId;
    }

    async Task<Guid> RunningAsync()
    {
        var taskId = await FileAsync("wait");
        await Eventually.TrueAsync(() => kinds.Waiting.ContainsKey(taskId), Soon, "the handler has begun");
        return taskId;
    }

    Task<ShownTaskResponse> ShowAsync(Guid taskId) => GetAsync<ShownTaskResponse>($"/api/tasks/{taskId}");

    async Task<T> GetAsync<T>(string path) => await IdleEngine.ReadAsync<T>(await engine.Admin.GetAsync(path));

    async Task<T> PostAsync<T>(string path, string? body = null) => await IdleEngine.ReadAsync<T>(await SendAsync(path, body));

    async Task<(int, string)> CodeAsync(string path)
    {
        var problem = await (await SendAsync(path, null)).ProblemAsync();
        return (problem.Status, problem.Code);
    }

    Task<HttpResponseMessage> SendAsync(string path, string? body) =>
        engine.Admin.PostAsync(path, body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
}
