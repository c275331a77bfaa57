using System.Net;
using System.Text;
using Engine.Access;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class FilingApiTests(IdleEngine engine) : IClassFixture<IdleEngine>
{
    [Fact]
    public async Task A_filed_task_is_created_and_shown_with_who_filed_it()
    {
        var response = await engine.PostAsync("/api/tasks", """{"kind":"probe","payload":{"say":"hi"},"priority":"critical","dedup_key":"one","requires":["gpu"],"dry_run":true}""");

        var filed = await IdleEngine.ReadAsync<FiledTaskResponse>(response);
        Assert.Equal((HttpStatusCode.Created, true, null), (response.StatusCode, filed.Created, filed.Task));
        Assert.Equal($"/api/tasks/{filed.TaskId}", response.Headers.Location!.OriginalString);
        var shown = await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{filed.TaskId}");
        Assert.Equal(("probe", TaskState.Pending, TaskPriority.Critical, "one", true), (shown.Task.Kind, shown.Task.State, shown.Task.Priority, shown.Task.DedupKey, shown.Task.DryRun));
        Assert.Equal("gpu", Assert.Single(shown.Task.Requires));
        Assert.Equal("""{"say":"hi"}""", shown.Payload.GetRawText());
        Assert.StartsWith("token:", shown.Task.FiledBy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_task_of_a_live_dedup_key_is_answered_with_the_first_and_200()
    {
        var first = await engine.FileAsync(more: "\"dedup_key\":\"busy\"");

        var response = await engine.PostAsync("/api/tasks", """{"kind":"probe","payload":{"say":"again"},"dedup_key":"busy"}""");

        var filed = await IdleEngine.ReadAsync<FiledTaskResponse>(response);
        Assert.Equal((HttpStatusCode.OK, first, false), (response.StatusCode, filed.TaskId, filed.Created));
        Assert.Equal((first, TaskState.Pending), (filed.Task!.TaskId, filed.Task.State));
    }

    [Fact]
    public async Task A_filing_that_is_sent_again_under_its_key_files_one_task()
    {
        const string Body = """{"kind":"probe","payload":{"say":"once"}}""";

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => engine.PostAsync("/api/tasks", Body, key: "same-key")));
        var other = await (await engine.PostAsync("/api/tasks", """{"kind":"probe","payload":{"say":"twice"}}""", key: "same-key")).ProblemAsync();

        var filed = await Task.WhenAll(answers.Select(IdleEngine.ReadAsync<FiledTaskResponse>));
        Assert.Single(filed.Select(f => f.TaskId).Distinct());
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Created, a.StatusCode));
        Assert.Equal((422, "idempotency_key_reused"), (other.Status, other.Code));
    }

    [Theory]
    [InlineData("""{"kind":"nobody_knows","payload":{}}""", 400, "unknown_kind", "investigate_failure, other, probe")]
    [InlineData("""{"kind":"probe","payload":{"say":7}}""", 400, "invalid_payload", "$.say")]
    [InlineData("""{"kind":"probe","payload":{"shout":"a"}}""", 400, "invalid_payload", "shout")]
    [InlineData("""{"kind":"probe","payload":null}""", 400, "invalid_payload", "null")]
    [InlineData("""{"kind":"probe"}""", 400, "invalid_request", "payload")]
    [InlineData("""{"kind":"probe","payload":{},"urgent":true}""", 400, "invalid_request", "urgent")]
    [InlineData("""{"kind":"probe","payload":{},"priority":"urgent"}""", 400, "invalid_request", "priority")]
    [InlineData("""{"kind":"probe","payload":{},"deadline_at":"2001-01-01T00:00:00Z"}""", 400, "deadline_passed", "2001-01-01")]
    [InlineData("""{"kind":"probe","payload":{},"task_id":"00000000-0000-4000-8000-000000000001"}""", 400, "invalid_request", "version 7")]
    [InlineData("""{"kind":"probe","payload":{},"depends_on":["01980000-0000-7000-8000-000000000001"]}""", 409, "no_such_parent", "01980000-0000-7000-8000-000000000001")]
    [InlineData("""{"kind":"probe","payload":{},"dedup_key":""}""", 400, "invalid_request", "dedup_key")]
    [InlineData("""{"kind":"probe","payload":{"say":"a\u0000b"}}""", 400, "invalid_payload", "U+0000")]
    [InlineData("""{"kind":"probe\u0000","payload":{}}""", 400, "unknown_kind", "probe")]
    [InlineData("""[]""", 400, "invalid_request", "")]
    [InlineData("""{"kind":"probe",""", 400, "malformed_json", "line 1")]
    public async Task A_task_that_cannot_be_filed_is_told_why(string body, int status, string code, string mentions)
    {
        var problem = await (await engine.PostAsync("/api/tasks", body)).ProblemAsync();

        Assert.Equal((status, code), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_megabytes_are_refused_with_the_limit()
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"kind":"probe","payload":{"say":"{{{new string('x', 50 << 20)}}}"}}""");

        var problem = await (await engine.Admin.PostAsync("/api/tasks", new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } })).ProblemAsync();

        Assert.Equal((413, "body_too_large"), (problem.Status, problem.Code));
        Assert.Contains("1048576", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await engine.Admin.GetAsync("/api/tasks?limit=1")).StatusCode);
    }

    [Fact]
    public async Task A_bulk_files_all_of_its_tasks_in_their_order_or_none()
    {
        var (parent, child) = (Guid.CreateVersion7(TimeProvider.System.GetUtcNow()), Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        string Task(Guid id, string more = "") => $$"""{"kind":"probe","payload":{"say":"b"},"task_id":"{{id}}"{{more}} }""";

        var filed = await IdleEngine.ReadAsync<FiledTasksResponse>(await engine.PostAsync("/api/tasks/bulk",
            $$"""{"tasks":[{{Task(child, $",\"depends_on\":[\"{parent}\"]")}},{{Task(parent)}}]}"""));
        var broken = await (await engine.PostAsync("/api/tasks/bulk", """{"tasks":[{"kind":"probe","payload":{},"dedup_key":"none of them"},{"kind":"absent","payload":{}}]}""")).ProblemAsync();
        var cycle = await (await engine.PostAsync("/api/tasks/bulk", $$"""
            {"tasks":[{{Task(Id(1), $",\"depends_on\":[\"{Id(2)}\"]")}},{{Task(Id(2), $",\"depends_on\":[\"{Id(1)}\"]")}}]}
            """)).ProblemAsync();

        Assert.Equal([new FiledResponse(child, true), new FiledResponse(parent, true)], filed.Tasks);
        Assert.Equal(TaskState.WaitingDependency, (await engine.GetAsync<ShownTaskResponse>($"/api/tasks/{child}")).Task.State);
        Assert.Equal((400, "unknown_kind"), (broken.Status, broken.Code));
        Assert.StartsWith("Task 2 of 2: ", broken.Detail, StringComparison.Ordinal);
        Assert.Empty(await engine.AllAsync<TaskResponse>("/api/tasks?dedup_key=none%20of%20them"));
        Assert.Equal((400, "dependency_cycle"), (cycle.Status, cycle.Code));
        Assert.Contains($"{Id(1)} → {Id(2)} → {Id(1)}", cycle.Detail, StringComparison.Ordinal);

        static Guid Id(int n) => new($"01980000-0000-7000-8000-{n:000000000000}");
    }

    [Fact]
    public async Task A_bulk_under_a_key_is_filed_once()
    {
        const string Body = """{"tasks":[{"kind":"probe","payload":{"say":"x"}},{"kind":"other","payload":{"say":"y"}}]}""";

        var first = await IdleEngine.ReadAsync<FiledTasksResponse>(await engine.PostAsync("/api/tasks/bulk", Body, key: "bulk-key"));
        var again = await engine.PostAsync("/api/tasks/bulk", Body, key: "bulk-key");

        Assert.Equal(first.Tasks, (await IdleEngine.ReadAsync<FiledTasksResponse>(again)).Tasks);
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
    }

    [Theory]
    [InlineData(Roles.Reader)]
    [InlineData(Roles.Approver)]
    public async Task Who_may_only_look_files_nothing(string role)
    {
        using var client = engine.Server.Client(await engine.Server.TokenAsync(role));

        foreach (var path in new[] { "/api/tasks", "/api/tasks/bulk", $"/api/tasks/{Guid.Empty}/cancel", "/api/engine/pause", $"/api/engine/reassign/{Guid.Empty}", "/api/engine/workers/1/drain",
            "/api/engine/workers/1/resume" })
            Assert.Equal((403, "role_insufficient"), Code(await (await engine.PostAsync(path, "{}", client)).ProblemAsync()));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/tasks")).StatusCode);

        static (int, string) Code((int Status, string Code, string) problem) => (problem.Status, problem.Code);
    }
}
