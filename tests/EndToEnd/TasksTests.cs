using System.Text.Json;
using Support;

namespace EndToEnd;

/// <summary><c>engine tasks</c>, <c>workers</c>, <c>pause</c>, <c>resume</c> and <c>stop</c> against a running engine.</summary>
public sealed class TasksTests(SchedulesAndAuditTests.OneEngine one) : IClassFixture<SchedulesAndAuditTests.OneEngine>
{
    const int Failed = 1, Misuse = 2, Refused = 3, Interrupted = 130;
    const string Nobody = "01980000-0000-7000-8000-000000000000";

    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    readonly EngineProcess engine = one.Process;

    [Fact]
    public async Task A_task_is_added_watched_to_its_end_shown_and_told_of()
    {
        var failed = await AddAsync(Nobody);
        var watched = await engine.CommandAsync("tasks", "watch", failed);
        Assert.Equal((Failed, ""), (watched.ExitCode, watched.Error));
        Assert.Equal(["filed", "claimed", "failed"], watched.Output.TrimEnd().Split('\n').Select(line => line.Split("  ")[1]));

        var waited = await engine.CommandAsync("tasks", "add", "investigate_failure", Payload(failed), "--wait", "--priority", "high", "--json");
        Assert.Equal((0, ""), (waited.ExitCode, waited.Error));
        var shown = JsonElement.Parse(waited.Output);
        var task = shown.GetProperty("task");
        Assert.Equal(("succeeded", "high"), (task.GetProperty("state").GetString(), task.GetProperty("priority").GetString()));

        var list = await engine.CommandAsync("tasks", "list", "--state", "succeeded", "--kind", "investigate_failure", "--filed-after", "1h");
        Assert.Contains(task.GetProperty("task_id").GetString()!, list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(failed, list.Output, StringComparison.Ordinal);
        Assert.Contains("investigate_failure", (await engine.CommandAsync("tasks", "show", failed)).Output, StringComparison.Ordinal);
        Assert.Equal(3, JsonElement.Parse((await engine.CommandAsync("tasks", "timeline", failed, "--json")).Output).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_task_for_later_is_kept_unique_cancelled_brought_back_and_cannot_be_retried_when_it_has_ended()
    {
        var taskId = await AddAsync(Nobody, "--due", "2d", "--dedup-key", "later");
        var second = await engine.CommandAsync("tasks", "add", "investigate_failure", Payload(Nobody), "--dedup-key", "later");
        Assert.Contains($"Task {taskId} with that key is live already (scheduled)", second.Output, StringComparison.Ordinal);

        var cancelled = await engine.CommandAsync("tasks", "cancel", taskId, "--reason", "not \u001b[31mneeded");
        Assert.Equal($"Task {taskId} is cancelled now.\n", cancelled.Output);
        Assert.Contains("not \\u001b[31mneeded", (await engine.CommandAsync("tasks", "show", taskId)).Output, StringComparison.Ordinal);
        var retried = await engine.CommandAsync("tasks", "retry", taskId);
        Assert.Equal((Refused, ""), (retried.ExitCode, retried.Output));
        Assert.Contains("[task_ended]", retried.Error, StringComparison.Ordinal);

        Assert.Contains("exclude each other", (await engine.CommandAsync("tasks", "redrive", taskId, "--deadline", "2d", "--no-deadline")).Error, StringComparison.Ordinal);
        Assert.Equal($"Task {taskId} is pending now.\n", (await engine.CommandAsync("tasks", "redrive", taskId, "--deadline", "2d")).Output);
        Assert.Equal(Failed, (await engine.CommandAsync("tasks", "watch", taskId)).ExitCode);
    }

    [Fact]
    public async Task A_payload_comes_from_a_file_too()
    {
        using var folder = new TempFolder();
        var file = folder.File("payload.json", Payload(Nobody));

        Assert.Equal(0, (await engine.CommandAsync("tasks", "add", "investigate_failure", $"@{file}")).ExitCode);
    }

    [Fact]
    public async Task A_decision_may_come_before_the_task_asks_and_the_first_one_stands()
    {
        var taskId = await AddAsync(Nobody, "--due", "2d");

        var first = await engine.CommandAsync("tasks", "decide", taskId, "ship", "approve", "--detail", "{\"because\":\"it is good\"}");
        var second = await engine.CommandAsync("tasks", "decide", taskId, "ship", "reject");

        Assert.Equal("approved at ship; the task has not asked yet and will find it.\n", first.Output);
        Assert.Equal(Refused, second.ExitCode);
        Assert.Contains("was first and approved it", second.Error, StringComparison.Ordinal);
        Assert.Contains("it is good", (await engine.CommandAsync("tasks", "show", taskId)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_engines_are_paused_stopped_and_resumed()
    {
        try
        {
            Assert.Contains("what runs goes on", (await engine.CommandAsync("pause", "--reason", "a look")).Output, StringComparison.Ordinal);
            var taskId = await AddAsync(Nobody);
            Assert.Contains("paused: no engine of this database begins one", (await engine.CommandAsync("status")).Output, StringComparison.Ordinal);
            Assert.Contains("The processes go on serving", (await engine.CommandAsync("stop")).Output, StringComparison.Ordinal);
            Assert.Equal("stopped", JsonElement.Parse((await engine.CommandAsync("status", "--json")).Output).GetProperty("mode").GetString());
            Assert.Contains("pending", (await engine.CommandAsync("tasks", "show", taskId)).Output, StringComparison.Ordinal);
        }
        finally
        {
            Assert.Equal(0, (await engine.CommandAsync("resume")).ExitCode);
        }
        Assert.Contains("taken by all engines", (await engine.CommandAsync("status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_are_listed_drained_and_resumed_but_not_those_that_are_not_there()
    {
        var workers = await engine.CommandAsync("workers", "list");
        var drained = await engine.CommandAsync("workers", "drain", "999999");

        Assert.Contains("healthy", workers.Output, StringComparison.Ordinal);
        Assert.Contains("investigate_failure", workers.Output, StringComparison.Ordinal);
        Assert.Equal((Refused, ""), (drained.ExitCode, drained.Output));
        var worker = System.Text.Json.JsonDocument.Parse((await engine.CommandAsync("workers", "list", "--json")).Output).RootElement.GetProperty("items")[0].GetProperty("worker_id").GetInt64();
        Assert.Contains("takes nothing new", (await engine.CommandAsync("workers", "drain", $"{worker}")).Output, StringComparison.Ordinal);
        Assert.Contains("draining", (await engine.CommandAsync("workers", "list")).Output, StringComparison.Ordinal);
        Assert.Contains("takes tasks again", (await engine.CommandAsync("workers", "resume", $"{worker}")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("draining", (await engine.CommandAsync("workers", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watching_is_a_line_of_json_for_each_event_and_goes_on_when_the_engine_was_away()
    {
        var url = $"http://127.0.0.1:{EngineProcess.FreePort()}";
        var served = new EngineServer { Environment = { ["ENGINE__HTTP__LISTEN"] = url } };
        await served.InitializeAsync();
        try
        {
            using var watch = RunningProgram.Start(EngineProcess.Executable, ["tasks", "watch", "--json", "--url", url],
                new Dictionary<string, string> { ["ENGINE_DATA"] = served.DataFolder, ["HOME"] = served.DataFolder, ["ENGINE_TOKEN"] = served.AdminToken, ["PATH"] = Environment.GetEnvironmentVariable("PATH")! });
            await Eventually.TrueAsync(async () => { await FileAsync(served); return watch.Output.Contains("\"event\":\"filed\"", StringComparison.Ordinal); }, Soon, "an event is shown");
            await served.StopAsync();
            await served.StartAsync();
            var after = await FileAsync(served);
            await Eventually.TrueAsync(() => watch.Output.Split('\n').Any(line => line.Contains(after, StringComparison.Ordinal) && line.Contains("\"event\":\"failed\"", StringComparison.Ordinal)), Soon, "what came after is shown");
            watch.Signal("INT");

            var end = await watch.EndAsync(Soon);
            Assert.Equal(Interrupted, end.ExitCode);
            Assert.Contains("going on where it was", end.Error, StringComparison.Ordinal);
            var events = end.Output.TrimEnd().Split('\n').Select(line => JsonElement.Parse(line)).ToArray();
            Assert.Equal(events.Length, events.Select(e => e.GetProperty("event_id").GetString()).Distinct().Count());
            Assert.Equal(["filed", "claimed", "failed"], events.Where(e => e.GetProperty("task_id").GetString() == after).Select(e => e.GetProperty("event").GetString()));
        }
        finally
        {
            await served.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(Refused, "[not_found]", "tasks", "show", Nobody)]
    [InlineData(Refused, "[not_found]", "tasks", "watch", Nobody)]
    [InlineData(Refused, "[unknown_kind]", "tasks", "add", "no_such_kind")]
    [InlineData(Refused, "[invalid_payload]", "tasks", "add", "investigate_failure", "{\"task_id\":7}")]
    [InlineData(Misuse, "payload is not JSON", "tasks", "add", "investigate_failure", "{task_id:7}")]
    [InlineData(Misuse, "cannot be read", "tasks", "add", "investigate_failure", "@/nowhere")]
    [InlineData(Misuse, "task must be an id", "tasks", "cancel", "12")]
    [InlineData(Misuse, "--state must be one of pending", "tasks", "list", "--state", "asleep")]
    [InlineData(Misuse, "--due must be in the future", "tasks", "add", "investigate_failure", "--due", "yesterday")]
    [InlineData(Misuse, "Did you mean approve?", "tasks", "decide", Nobody, "ship", "aprove")]
    public async Task What_cannot_be_is_refused(int code, string said, params string[] args)
    {
        var run = await engine.CommandAsync(args);

        Assert.Equal((code, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    static string Payload(string taskId) => $$"""{"task_id":"{{taskId}}","reason":"a test"}""";

    async Task<string> AddAsync(string about, params string[] options)
    {
        var added = await engine.CommandAsync(["tasks", "add", "investigate_failure", Payload(about), "--json", .. options]);
        Assert.Equal((0, ""), (added.ExitCode, added.Error));
        return JsonElement.Parse(added.Output).GetProperty("task_id").GetString()!;
    }

    static async Task<string> FileAsync(EngineServer served)
    {
        var filed = await served.Admin.PostAsync("/api/tasks", new StringContent($$"""{"kind":"investigate_failure","payload":{{Payload(Nobody)}}}""", System.Text.Encoding.UTF8, "application/json"));
        return JsonElement.Parse(await filed.Content.ReadAsStringAsync()).GetProperty("task_id").GetString()!;
    }
}
