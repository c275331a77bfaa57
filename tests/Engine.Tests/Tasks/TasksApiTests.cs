using Engine.Access;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class TasksApiTests(IdleEngine engine) : IClassFixture<IdleEngine>
{
    [Fact]
    public async Task A_task_is_cancelled_brought_back_and_told_of_page_by_page()
    {
        var taskId = await engine.FileAsync();

        var cancelled = await MoveAsync(taskId, "cancel", """{"reason":"not needed"}""");
        var ended = await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{taskId}");
        var redriven = await MoveAsync(taskId, "redrive");

        Assert.Equal((TaskState.Cancelled, TaskState.Pending), (cancelled.State, redriven.State));
        Assert.Equal((TaskState.Cancelled, "not needed"), (ended.Task.State, ended.Task.Reason));
        Assert.Equal("cancelled", Assert.Single(ended.Attempts).Outcome);
        var timeline = await engine.AllAsync<TaskEventResponse>($"/api/tasks/{taskId}/timeline?limit=1");
        Assert.Equal(["filed", "cancelled", "redriven"], timeline.Select(e => e.Event).Distinct());
        Assert.Equal(timeline.Count, timeline.Select(e => e.EventId).Distinct().Count());
        Assert.All(timeline, e => Assert.Equal((taskId, "probe"), (e.TaskId, e.Kind)));
        Assert.Equal(timeline.Select(e => (e.Event, e.Actor)).Order(), (await engine.QueryAsync<(string, string)>("select event, actor from v_task_timeline where task_id = @taskId", new { taskId })).Order());
    }

    [Fact]
    public async Task A_task_whose_deadline_has_passed_is_brought_back_with_a_new_one_or_with_none()
    {
        var taskId = await engine.FileAsync(more: "\"deadline_at\":\"2100-01-01T00:00:00Z\"");
        await MoveAsync(taskId, "cancel");
        await engine.ExecuteAsync("update tasks set deadline_at = '2020-01-01' where task_id = @taskId", new { taskId });
        async Task<(int Status, string Code, string Detail)> RefusedAsync(string? body) => await (await engine.PostAsync($"/api/tasks/{taskId}/redrive", body)).ProblemAsync();

        var late = await RefusedAsync(null);
        var past = await RefusedAsync("""{"deadline_at":"2020-01-01T00:00:00Z"}""");
        var both = await RefusedAsync("""{"deadline_at":"2100-01-01T00:00:00Z","no_deadline":true}""");

        Assert.Equal([(409, "deadline_passed"), (409, "deadline_passed"), (400, "invalid_request")], new[] { late, past, both }.Select(p => (p.Status, p.Code)));
        Assert.Contains("deadline_at", late.Detail, StringComparison.Ordinal);
        Assert.Contains("--no-deadline", late.Detail, StringComparison.Ordinal);
        Assert.Equal(TaskState.Pending, (await MoveAsync(taskId, "redrive", """{"deadline_at":"2101-02-03T04:05:06Z"}""")).State);
        Assert.Equal(2101, (await ShownAsync()).DeadlineAt!.Value.Year);
        await MoveAsync(taskId, "cancel");
        Assert.Equal(TaskState.Pending, (await MoveAsync(taskId, "redrive", """{"no_deadline":true,"reason":"it may take its time"}""")).State);
        Assert.Null((await ShownAsync()).DeadlineAt);

        async Task<TaskResponse> ShownAsync() => (await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{taskId}")).Task;
    }

    [Theory]
    [InlineData("cancel", 409, "task_ended")]
    [InlineData("retry", 409, "task_ended")]
    [InlineData("nowhere", 404, "not_found")]
    public async Task What_cannot_be_done_to_an_ended_task_is_refused(string move, int status, string code)
    {
        var taskId = await engine.FileAsync();
        await MoveAsync(taskId, "cancel");

        var problem = await (await engine.PostAsync($"/api/tasks/{taskId}/{move}")).ProblemAsync();

        Assert.Equal((status, code), (problem.Status, problem.Code));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/timeline")]
    [InlineData("GET", "/wait")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/retry")]
    [InlineData("POST", "/redrive")]
    public async Task A_task_that_was_never_filed_is_not_found(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/tasks/{Guid.AllBitsSet}{path}");

        var problem = await (await engine.Admin.SendAsync(request)).ProblemAsync();

        Assert.Equal((404, "not_found"), (problem.Status, problem.Code));
        Assert.Contains($"{Guid.AllBitsSet}", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_move_that_the_state_does_not_allow_is_refused_with_the_reason()
    {
        var taskId = await engine.FileAsync();

        var retry = await (await engine.PostAsync($"/api/tasks/{taskId}/retry")).ProblemAsync();
        var redrive = await (await engine.PostAsync($"/api/tasks/{taskId}/redrive")).ProblemAsync();
        var reassign = await (await engine.PostAsync($"/api/engine/reassign/{taskId}")).ProblemAsync();
        var talkative = await (await engine.PostAsync($"/api/tasks/{taskId}/cancel", $$"""{"reason":"{{new string('x', 1001)}}"}""")).ProblemAsync();

        Assert.Equal((409, 409, 409, 400), (retry.Status, redrive.Status, reassign.Status, talkative.Status));
        Assert.Equal(("task_live", "task_not_running"), (redrive.Code, reassign.Code));
        Assert.Contains("pending", retry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_approvers_approve_only_operators_signal_and_the_first_decision_stands()
    {
        var taskId = await GatedAsync("ship", "approval");
        var signalled = await GatedAsync("go", "signal");
        using var approver = engine.Server.Client(await engine.Server.TokenAsync(Roles.Approver));
        using var steering = engine.Server.Client(await engine.Server.TokenAsync(Roles.Operator));
        Task<HttpResponseMessage> DecideAsync(HttpClient by, Guid task, string gate, string body) => engine.PostAsync($"/api/tasks/{task}/gates/{gate}", body, by);

        var byOperator = await (await DecideAsync(steering, taskId, "ship", """{"decision":"approved"}""")).ProblemAsync();
        var signalByApprover = await (await DecideAsync(approver, signalled, "go", """{"decision":"signalled"}""")).ProblemAsync();
        var stale = await (await DecideAsync(approver, taskId, "ship", """{"decision":"approved","epoch":7}""")).ProblemAsync();
        var unfit = await (await DecideAsync(approver, signalled, "go", """{"decision":"approved"}""")).ProblemAsync();
        var first = await IdleEngine.ReadAsync<GateDecisionResponse>(await DecideAsync(approver, taskId, "ship", """{"decision":"approved","epoch":1,"detail":{"by":"card"}}"""));
        var second = await (await DecideAsync(engine.Admin, taskId, "ship", """{"decision":"rejected"}""")).ProblemAsync();
        var signal = await IdleEngine.ReadAsync<GateDecisionResponse>(await DecideAsync(steering, signalled, "go", """{"decision":"signalled"}"""));

        Assert.Equal([(403, "role_insufficient"), (403, "role_insufficient"), (409, "stale_decision"), (409, "wrong_decision"), (409, "already_decided")],
            new[] { byOperator, signalByApprover, stale, unfit, second }.Select(p => (p.Status, p.Code)));
        Assert.Contains("approved it", second.Detail, StringComparison.Ordinal);
        Assert.Equal((GateVerdict.Approved, GateVerdict.Signalled), (first.Decision, signal.Decision));
        var shown = await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{taskId}");
        Assert.Equal((TaskState.Pending, "approved", "card"), (shown.Task.State, shown.Gates.Single().Decision, shown.Gates.Single().Detail!.Value.GetProperty("by").GetString()));
    }

    [Theory]
    [InlineData("Ship It", """{"decision":"approved"}""", "gate must be")]
    [InlineData("ship", """{"decision":"maybe"}""", "decision")]
    [InlineData("ship", """{"decision":"approved","detail":[1]}""", "detail must be an object")]
    public async Task A_decision_that_cannot_be_is_refused(string gate, string body, string mentions)
    {
        var problem = await (await engine.PostAsync($"/api/tasks/{await engine.FileAsync()}/gates/{gate}", body)).ProblemAsync();

        Assert.Equal((400, "invalid_request"), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_ends_when_the_task_does_however_many_wait()
    {
        var taskId = await engine.FileAsync();
        var waits = Enumerable.Range(0, 20).Select(_ => engine.GetAsync<TaskResponse>($"/api/tasks/{taskId}/wait?timeout=20")).ToArray();

        var none = await engine.GetAsync<TaskResponse>($"/api/tasks/{await engine.FileAsync()}/wait?timeout=0");
        await MoveAsync(taskId, "cancel");

        Assert.Equal(TaskState.Pending, none.State);
        Assert.All(await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(10)), task => Assert.Equal(TaskState.Cancelled, task.State));
        Assert.Equal(TaskState.Cancelled, (await engine.GetAsync<TaskResponse>($"/api/tasks/{taskId}/wait?timeout=20")).State);
        Assert.Equal(400, (await (await engine.Admin.GetAsync($"/api/tasks/{taskId}/wait?timeout=61")).ProblemAsync()).Status);
    }

    [Fact]
    public async Task Kinds_say_what_their_payload_is()
    {
        var kinds = await engine.GetAsync<TaskKindsResponse>("/api/tasks/kinds");

        var other = kinds.Kinds.Single(k => k.Name == IdleEngine.Other);
        Assert.Equal((TaskPriority.High, 600, 15, 3), (other.Priority, other.RunLimitSeconds, other.LeaseSeconds, other.MaxFailures));
        Assert.Equal("string", other.PayloadSchema.GetProperty("properties").GetProperty("say").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_result_that_is_nested_too_deeply_for_an_answer_is_shown_as_text()
    {
        var taskId = await engine.FileAsync();
        var deep = string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200));
        await engine.ExecuteAsync("""
            with moved as (delete from task_ready where task_id = @taskId returning lane_id)
            insert into task_attempts (task_id, epoch, ended_at, lane_id, outcome, final_state, result) select @taskId, 1, clock_timestamp(), lane_id, 'succeeded', 'succeeded', @deep::jsonb from moved
            """, new { taskId, deep });

        Assert.Equal(deep, (await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{taskId}")).Result!.Value.GetProperty("text").GetString());
    }

    Task<TaskMoveResponse> MoveAsync(Guid taskId, string move, string? body = null) => ReadAsync(engine.PostAsync($"/api/tasks/{taskId}/{move}", body));

    static async Task<TaskMoveResponse> ReadAsync(Task<HttpResponseMessage> response) => await IdleEngine.ReadAsync<TaskMoveResponse>(await response);

    /// <summary>A task that waits at a gate since its first attempt.</summary>
    async Task<Guid> GatedAsync(string gate, string waitsFor)
    {
        var taskId = await engine.FileAsync();
        await engine.ExecuteAsync("""
            with moved as (delete from task_ready where task_id = @taskId returning lane_id)
            insert into task_gated (task_id, gate, waits_for, opened_at, epoch, lane_id) select @taskId, @gate, @waitsFor, clock_timestamp(), 1, lane_id from moved;
            insert into task_gates (task_id, gate, epoch, opened_at) values (@taskId, @gate, 1, clock_timestamp())
            """, new { taskId, gate, waitsFor });
        return taskId;
    }
}
