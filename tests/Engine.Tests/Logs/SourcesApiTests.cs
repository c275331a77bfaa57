using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Engine.Logs;
using Microsoft.Extensions.DependencyInjection;
using Support;
using static Engine.Tests.Logs.CrawlingEngine;

namespace Engine.Tests.Logs;

public sealed class SourcesApiTests(CrawlingEngine engine) : IClassFixture<CrawlingEngine>
{
    [Fact]
    public async Task A_source_is_read_changed_and_removed_and_tells_how_it_goes()
    {
        await File.WriteAllTextAsync(engine.Path("a.log"), Line("ERROR one is broken") + Line("INFO two") + "no end");
        await engine.AddFileAsync("a", "a.log");
        await Eventually.TrueAsync(async () => (await engine.GetAsync("/api/logs/sources/a")).GetProperty("lines").GetInt64() == 3, Soon, "three lines");

        var source = await engine.GetAsync("/api/logs/sources/a");
        Assert.Equal((2, 1, "files"), (source.GetProperty("events").GetInt32(), source.GetProperty("errors").GetInt32(), source.GetProperty("kind").GetString()));
        Assert.Contains(Environment.MachineName, source.GetProperty("holder").GetString(), StringComparison.Ordinal);
        await engine.PutAsync("/api/logs/sources/a", new { kind = "files", settings = new { paths = new[] { engine.Path("a.log") } }, enabled = false });
        await Eventually.TrueAsync(async () => (await engine.GetAsync("/api/logs/sources/a")).GetProperty("holder").ValueKind == JsonValueKind.Null, Soon, "nobody reads it");
        Assert.Equal(HttpStatusCode.NoContent, (await engine.Admin.DeleteAsync("/api/logs/sources/a")).StatusCode);
        Assert.Equal(404, (await (await engine.Admin.GetAsync("/api/logs/sources/a")).ProblemAsync()).Status);
    }

    /// <summary>Promises 5 and 9: a database that goes away costs no line and counts none twice.</summary>
    [Fact]
    public async Task Lines_that_are_read_while_every_session_is_ended_over_and_over_are_counted_once()
    {
        const int Blocks = 40, InBlock = 500;
        await engine.AddFileAsync("interrupted", "interrupted.log", "interrupted");
        var writing = Task.Run(async () =>
        {
            for (var block = 0; block < Blocks; block++)
            {
                await File.AppendAllTextAsync(engine.Path("interrupted.log"), string.Concat(Enumerable.Range(0, InBlock).Select(i => Line($"ERROR pipe {i} is cut"))));
                await Task.Delay(50);
            }
            await File.AppendAllTextAsync(engine.Path("interrupted.log"), Line("INFO fine"));
        });

        for (var outage = 0; outage < 3; outage++)
        {
            await Task.Delay(300); // in which it reads on
            await engine.Server.Database.InterruptAsync(TimeSpan.FromMilliseconds(300));
        }
        await writing;

        var error = await engine.ErrorAsync("interrupted", e => e.GetProperty("count").GetInt32() >= Blocks * InBlock, "all of them");
        Assert.Equal(Blocks * InBlock, error.GetProperty("count").GetInt32());
        Assert.Equal(1, await engine.ScalarAsync<long>("select count(*) from log_findings where service = 'interrupted' and kind = 'new'"));
    }

    [Theory]
    [InlineData("x", """{"kind":"files"}""", "paths")]
    [InlineData("x", """{"kind":"tape"}""", "kind")]
    [InlineData("X", """{"kind":"journald"}""", "name")]
    [InlineData("x", """{"kind":"otlp"}""", "otlp")]
    [InlineData("x", """{"kind":"loki","settings":{"url":"http://u:p@loki","query":"{a=\"b\"}"}}""", "secret")]
    [InlineData("x", """{"kind":"loki","settings":{"url":"ftp://loki"}}""", "query")]
    [InlineData("x", """{"kind":"files","settings":{"paths":["/x"],"zone":"CET"}}""", "zone")]
    public async Task What_a_source_cannot_be_is_refused_by_name(string name, string body, string named)
    {
        var (status, _, detail) = await (await engine.Admin.PutAsync($"/api/logs/sources/{name}", new StringContent(body, Encoding.UTF8, "application/json"))).ProblemAsync();

        Assert.Equal(400, status);
        Assert.Contains(named, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_admins_say_what_the_engine_reads()
    {
        using var operators = engine.Server.Client(await engine.Server.TokenAsync("operator"));

        Assert.Equal(HttpStatusCode.Forbidden, (await operators.PutAsJsonAsync("/api/logs/sources/passwd", new { kind = "files", settings = new { paths = new[] { "/etc/passwd" } } })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await operators.PutAsJsonAsync("/api/logs/repositories", new { path = "/etc" })).StatusCode);
    }

    [Fact]
    public async Task Lines_that_are_poured_in_are_counted_as_they_come()
    {
        var text = string.Concat(Enumerable.Range(0, 3000).Select(i => Line($"{(i % 3 == 0 ? "ERROR" : "INFO")} job {i} ended")));

        using var answer = await engine.Admin.PostAsync("/api/logs/crawl?service=poured", new StringContent(text, Encoding.UTF8, "text/plain"));

        var counted = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((3000, 3000, 1000, 1), (counted.GetProperty("lines").GetInt32(), counted.GetProperty("events").GetInt32(), counted.GetProperty("errors").GetInt32(), counted.GetProperty("findings").GetInt32()));
        Assert.Equal(409, (await (await engine.Admin.PostAsync("/api/logs/crawl?source=otlp", new StringContent("x"))).ProblemAsync()).Status);
        Assert.Equal(400, (await (await engine.Admin.PostAsync("/api/logs/crawl?format=tape", new StringContent("x"))).ProblemAsync()).Status);
    }

    [Fact]
    public async Task Two_streams_of_one_name_are_not_read_at_once()
    {
        using var slow = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        using var end = new System.IO.Pipes.AnonymousPipeClientStream(System.IO.Pipes.PipeDirection.In, slow.ClientSafePipeHandle);
        var first = engine.Admin.PostAsync("/api/logs/crawl?source=pipe", new StreamContent(end));
        await slow.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Line("INFO fine"), 5000)))); // more than is kept back on the way
        await Eventually.TrueAsync(async () => (await engine.Admin.GetAsync("/api/logs/sources/pipe")).IsSuccessStatusCode && (await engine.GetAsync("/api/logs/sources/pipe")).GetProperty("lines").GetInt64() > 0, Soon, "the first is read");

        Assert.Equal(409, (await (await engine.Admin.PostAsync("/api/logs/crawl?source=pipe", new StringContent("x"))).ProblemAsync()).Status);
        await slow.DisposeAsync();

        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
    }

    [Fact]
    public async Task Rules_are_made_changed_and_removed_and_refused_with_their_limits()
    {
        var rule = new { kind = "rate", threshold = 3, span = "00:10:00", priority = "low", service = "pay", level = "error" };

        using var made = await engine.PutAsync("/api/logs/rules/payments", rule);
        var names = (await engine.GetAsync("/api/logs/rules")).GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("name").GetString()).ToList();

        Assert.Equal("00:30:00", (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("cooldown").GetString());
        Assert.Equal(["critical", "new", "payments", "regression", "spike", "storm", "sustained"], names);
        Assert.Equal(400, (await (await engine.PutAsync("/api/logs/rules/payments", rule with { kind = "spike" })).ProblemAsync()).Status);
        Assert.Equal(400, (await (await engine.PutAsync("/api/logs/rules/other", rule with { threshold = 0 })).ProblemAsync()).Status);
        Assert.Equal(400, (await (await engine.PutAsync("/api/logs/rules/other", rule with { priority = "urgent" })).ProblemAsync()).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await engine.Admin.DeleteAsync("/api/logs/rules/payments")).StatusCode);
    }

    [Fact]
    public async Task A_sweep_tells_of_sources_that_cannot_be_read()
    {
        Directory.CreateDirectory(engine.Path("locked"));
        await engine.PutAsync("/api/logs/sources/absent", new { kind = "journald", settings = new { paths = new[] { engine.Path("nowhere") } } });
        await Eventually.TrueAsync(async () => (await engine.GetAsync("/api/logs/sources/absent")).GetProperty("problem").ValueKind == JsonValueKind.String, Soon, "its problem is told");

        var swept = await engine.Server.Services.GetRequiredService<SweepLogs>().RunAsync(CancellationToken.None);

        Assert.Contains(swept.Stopped, s => s.StartsWith("absent: ", StringComparison.Ordinal));
        await engine.Admin.DeleteAsync("/api/logs/sources/absent");
    }
}
