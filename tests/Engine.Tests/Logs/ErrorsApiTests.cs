using System.Net;
using System.Text.Json;
using Engine.Logs;
using Microsoft.Extensions.DependencyInjection;
using Support;
using static Engine.Tests.Logs.CrawlingEngine;

namespace Engine.Tests.Logs;

/// <summary>From a line in a file to a task and back, and what people decide about errors, over the API of a running engine.</summary>
public sealed class ErrorsApiTests(CrawlingEngine engine) : IClassFixture<CrawlingEngine>
{
    [Fact]
    public async Task An_error_becomes_one_task_that_a_person_closes_and_comes_back_as_a_regression()
    {
        await engine.AddFileAsync("life", "life.log", "life");
        await File.AppendAllTextAsync(engine.Path("life.log"), Line("ERROR cart 17 is broken") + Line("ERROR cart 18 is broken") + Line("INFO fine"));
        var error = await engine.ErrorAsync("life", e => e.GetProperty("task_id").ValueKind == JsonValueKind.String, "the error has a task");
        var task = error.GetProperty("task_id").GetString();
        await Eventually.TrueAsync(async () => (await engine.GetAsync($"/api/tasks/{task}")).GetProperty("task").GetProperty("state").GetString() == "waiting_approval", Soon, "the task waits for a person");

        using var decided = await engine.PostAsync($"/api/tasks/{task}/gates/dealt_with", new { decision = "approved" });
        decided.EnsureSuccessStatusCode();
        await engine.ErrorAsync("life", e => e.GetProperty("state").GetString() == "resolved", "the error is resolved");
        await File.AppendAllTextAsync(engine.Path("life.log"), Line("ERROR cart 19 is broken", seconds: 120) + Line("INFO fine"));

        var again = await engine.ErrorAsync("life", e => e.GetProperty("task_id").GetString() != task, "another task");
        Assert.Equal(("open", 3), (again.GetProperty("state").GetString(), again.GetProperty("count").GetInt32()));
        Assert.Equal("regression", await engine.ScalarAsync<string>("select kind from log_findings where task_id = @id", new { id = again.GetProperty("task_id").GetGuid() }));
        var timeline = await engine.GetAsync($"/api/tasks/{task}/timeline");
        Assert.Contains("triaged", timeline.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finding_about_an_error_with_an_open_task_is_told_in_that_task()
    {
        await engine.AddFileAsync("again", "again.log", "again");
        await File.AppendAllTextAsync(engine.Path("again.log"), Line("ERROR disk sda1 is full", -60) + Line("INFO fine"));
        var error = await engine.ErrorAsync("again", e => e.GetProperty("task_id").ValueKind == JsonValueKind.String, "the error has a task");

        await File.AppendAllTextAsync(engine.Path("again.log"), string.Concat(Enumerable.Range(0, 30).Select(i => Line($"ERROR disk sdb{i} is full", 180))) + Line("INFO fine"));

        await Eventually.TrueAsync(async () => await engine.ScalarAsync<long>("select count(*) from log_findings where group_key = @f and task_id = @t", new { f = error.GetProperty("fingerprint").GetString(), t = error.GetProperty("task_id").GetGuid() }) == 2, Soon, "both findings are in one task");
        Assert.Contains("found_again", (await engine.GetAsync($"/api/tasks/{error.GetProperty("task_id")}/timeline")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_are_muted_resolved_merged_and_split_again_and_each_is_in_the_audit_log()
    {
        await engine.AddFileAsync("decide", "decide.log", "decide");
        await File.AppendAllTextAsync(engine.Path("decide.log"), Line("ERROR the printer burns") + Line("ERROR the scanner sleeps") + Line("INFO fine"));
        await Eventually.TrueAsync(async () => (await engine.ErrorsAsync("decide")).Count == 2, Soon, "two errors");
        var errors = (await engine.ErrorsAsync("decide")).OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => e.Value.GetProperty("fingerprint").GetString()!).ToArray();

        Assert.Equal(HttpStatusCode.NoContent, (await engine.PostAsync($"/api/logs/errors/{errors[0]}/mute", new { reason = "known", until = TimeProvider.System.GetUtcNow().AddDays(1) })).StatusCode);
        await engine.ErrorAsync("decide", e => e.GetProperty("state").GetString() == "muted", "muted");
        Assert.Equal(HttpStatusCode.NoContent, (await engine.Admin.DeleteAsync($"/api/logs/errors/{errors[0]}/mute")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await engine.PostAsync($"/api/logs/errors/{errors[0]}/resolve", new { release = "1.1" })).StatusCode);
        await engine.ErrorAsync("decide", e => e.GetProperty("resolved_in").GetString() == "1.1", "resolved");
        Assert.Equal(HttpStatusCode.NoContent, (await engine.PostAsync($"/api/logs/errors/{errors[0]}/merge", new { into = errors[1], reason = "one cable" })).StatusCode);
        var merged = Assert.Single(await engine.ErrorsAsync("decide")).Value;
        Assert.Equal((errors[1], 2), (merged.GetProperty("fingerprint").GetString(), merged.GetProperty("count").GetInt32()));
        Assert.Equal("one cable", (await engine.GetAsync($"/api/logs/errors/{errors[0]}")).GetProperty("members").EnumerateArray().Single(m => m.GetProperty("fingerprint").GetString() == errors[0]).GetProperty("reason").GetString());
        Assert.Equal((409, "not_possible"), await CodeAsync(await engine.PostAsync($"/api/logs/errors/{errors[0]}/merge", new { into = errors[1], reason = "again" })));
        Assert.Equal((409, "not_possible"), await CodeAsync(await engine.PostAsync($"/api/logs/errors/{errors[1]}/split", new { reason = "no" })));
        Assert.Equal(HttpStatusCode.NoContent, (await engine.PostAsync($"/api/logs/errors/{errors[0]}/split", new { reason = "two cables" })).StatusCode);
        Assert.Equal(2, (await engine.ErrorsAsync("decide")).Count);

        Assert.Equal(["error.merge", "error.mute", "error.resolve", "error.split", "error.unmute"],
            (await engine.GetAsync("/api/audit?limit=100")).GetProperty("items").EnumerateArray().Where(a => a.GetProperty("subject").GetString() == $"error:{errors[0]}").Select(a => a.GetProperty("action").GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_task_that_is_cancelled_resolves_nothing()
    {
        await engine.AddFileAsync("cancelled", "cancelled.log", "cancelled");
        await File.AppendAllTextAsync(engine.Path("cancelled.log"), Line("ERROR valve 1 is stuck") + Line("INFO fine"));
        var task = (await engine.ErrorAsync("cancelled", e => e.GetProperty("task_id").ValueKind == JsonValueKind.String, "the error has a task")).GetProperty("task_id").GetString();

        using var cancelled = await engine.PostAsync($"/api/tasks/{task}/cancel", new { });
        cancelled.EnsureSuccessStatusCode();

        await Eventually.TrueAsync(async () => await engine.ScalarAsync<bool>("select closed_at is not null from log_findings where task_id = @id", new { id = Guid.Parse(task!) }), Soon, "the finding is closed");
        Assert.Equal("open", (await engine.ErrorAsync("cancelled", _ => true, "the error")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_mute_that_is_over_is_ended_by_the_sweep_and_one_that_would_be_over_at_once_is_refused()
    {
        await engine.AddFileAsync("muted", "muted.log", "muted");
        await File.AppendAllTextAsync(engine.Path("muted.log"), Line("ERROR bell 1 rings") + Line("INFO fine"));
        var error = (await engine.ErrorAsync("muted", _ => true, "the error")).GetProperty("fingerprint").GetString();
        await engine.PostAsync($"/api/logs/errors/{error}/mute", new { reason = "known", until = TimeProvider.System.GetUtcNow().AddSeconds(1) });
        await Eventually.TrueAsync(async () => await engine.ScalarAsync<bool>("select until < now() from error_mutes where group_key = @error", new { error }), Soon, "the mute is over");

        await engine.Server.Services.GetRequiredService<SweepLogs>().RunAsync(CancellationToken.None);

        Assert.Equal("open", (await engine.ErrorAsync("muted", _ => true, "the error")).GetProperty("state").GetString());
        await engine.Admin.PostAsync("/api/logs/crawl?source=poured&service=muted&release=2.0", new StringContent(Line("ERROR bell 1 rings")));
        Assert.Equal((409, "not_possible"), await CodeAsync(await engine.PostAsync($"/api/logs/errors/{error}/mute", new { reason = "known", until_release = "2.0" })));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_its_limit()
    {
        Assert.Equal((404, "not_found"), await CodeAsync(await engine.Admin.GetAsync("/api/logs/errors/m1-0")));
        Assert.Equal((404, "not_found"), await CodeAsync(await engine.PostAsync("/api/logs/errors/m1-0/mute", new { reason = "x" })));
        Assert.Equal((400, "invalid_request"), await CodeAsync(await engine.PostAsync("/api/logs/errors/m1-0/mute", new { reason = "x", until = TimeProvider.System.GetUtcNow().AddDays(-1) })));
        Assert.Equal((400, "invalid_request"), await CodeAsync(await engine.Admin.GetAsync("/api/logs/errors?state=gone")));
        Assert.Equal((400, "invalid_request"), await CodeAsync(await engine.Admin.GetAsync("/api/logs/errors/m1-0/occurrences?span=week")));
        Assert.Equal((400, "page_token_invalid"), await CodeAsync(await engine.Admin.GetAsync("/api/logs/errors?page_token=x")));
    }

    [Fact]
    public async Task What_errors_came_to_is_told_by_hour_and_in_numbers()
    {
        await engine.AddFileAsync("told", "told.log", "told");
        await File.AppendAllTextAsync(engine.Path("told.log"), Line("ERROR pump 1 leaks", -7200) + Line("ERROR pump 2 leaks") + Line("INFO fine"));
        var error = await engine.ErrorAsync("told", e => e.GetProperty("count").GetInt32() == 2, "both");

        var hours = await engine.GetAsync($"/api/logs/errors/{error.GetProperty("fingerprint").GetString()}/occurrences?span=hour");
        var stats = await engine.GetAsync("/api/logs/stats");

        Assert.Equal([1, 1], hours.GetProperty("counts").EnumerateArray().Select(c => c.GetProperty("count").GetInt32()));
        Assert.True(stats.GetProperty("last_day").GetInt64() >= 2);
        Assert.Contains(stats.GetProperty("top").EnumerateArray(), t => t.GetProperty("title").GetString() == "pump <*> leaks");
    }

    static async Task<(int, string)> CodeAsync(HttpResponseMessage response)
    {
        var (status, code, _) = await response.ProblemAsync();
        return (status, code);
    }
}
