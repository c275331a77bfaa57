using System.Text;
using Crawlers.Logs.Sources;
using Crawlers.Logs.Sources.Files;
using Crawlers.Logs.Sources.Loki;
using Crawlers.Tests.Logs.Sources.Files;
using Microsoft.AspNetCore.Http;
using Support;

namespace Crawlers.Tests.Logs.Sources.Loki;

/// <summary>Lines of a Loki are read once each, through pages, restarts and refusals.</summary>
public sealed class LokiReaderTests : IAsyncLifetime
{
    readonly ManualTime time = new();
    readonly Dictionary<string, string> positions = [];
    LokiServer server = null!;
    LokiSettings settings = null!;

    public async Task InitializeAsync()
    {
        server = await LokiServer.StartAsync();
        settings = new LokiSettings { Url = server.Url, Query = """{app="shop"} |= "a b" """, PageEntries = 10 };
    }

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lines_are_read_page_by_page_and_once(bool restarts)
    {
        // Seven of a moment, so that moments lie across the borders of pages; of two streams.
        for (var i = 0; i < 200; i++) server.Add(time.GetUtcNow().AddMinutes(-30).AddTicks(i / 7), $"line {i}", i % 3 == 0 ? """{"app":"shop"}""" : """{"app":"pay"}""", nanoseconds: i / 7 % 2);
        var given = new List<Given>();
        var reader = new LokiReader(settings, positions, time);
        for (var i = 0; i < 60; i++)
        {
            given.AddRange(await ReadAsync(reader));
            if (!restarts) continue;
            await reader.DisposeAsync();
            reader = new LokiReader(settings, positions, time);
        }
        await reader.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"line {i}").Order(), given.SelectMany(g => g.Lines).Order());
        Assert.Equal(["pay", "shop"], given.Select(g => g.Labels.Service!).Distinct().Order());
        Assert.Equal(2, given.Select(g => g.Part).Distinct().Count());
    }

    [Fact]
    public async Task A_moment_with_more_entries_than_a_page_is_read_whole()
    {
        for (var i = 0; i < 35; i++) server.Add(time.GetUtcNow().AddMinutes(-1), $"line {i}");
        server.Add(time.GetUtcNow().AddSeconds(-30), "after");
        await using var reader = new LokiReader(settings, positions, time);

        Assert.Equal(36, (await ReadAllAsync(reader)).SelectMany(g => g.Lines).Distinct().Count());
        Assert.Null(reader.Problem);
    }

    [Fact]
    public async Task A_moment_with_more_entries_than_the_server_gives_is_named_and_passed()
    {
        server.MostEntries = 25;
        for (var i = 0; i < 35; i++) server.Add(time.GetUtcNow().AddMinutes(-1), $"line {i}");
        server.Add(time.GetUtcNow().AddSeconds(-30), "after");
        await using var reader = new LokiReader(settings, positions, time);
        var lines = (await ReadAllAsync(reader)).SelectMany(g => g.Lines).ToList();

        Assert.Contains("after", lines);
        Assert.Equal(21, lines.Distinct().Count());
        Assert.Equal(lines.Count, lines.Distinct().Count());
        Assert.Contains("entries or more of one moment", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_gives_less_at_once_is_asked_for_less()
    {
        server.MostEntries = 4;
        for (var i = 0; i < 30; i++) server.Add(time.GetUtcNow().AddMinutes(-1).AddTicks(i), $"line {i}");
        await using var reader = new LokiReader(settings, positions, time);

        Assert.Equal(30, (await ReadAllAsync(reader)).SelectMany(g => g.Lines).Count());
        Assert.Null(reader.Problem);
    }

    [Fact]
    public async Task Lines_that_come_late_are_waited_for()
    {
        await using var reader = new LokiReader(settings, positions, time);
        await ReadAllAsync(reader);
        server.Add(time.GetUtcNow(), "in time");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(await ReadAsync(reader));
        server.Add(time.GetUtcNow().AddSeconds(-2), "late");
        time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(["in time", "late"], (await ReadAllAsync(reader)).SelectMany(g => g.Lines).Order());
    }

    [Fact]
    public async Task A_source_can_begin_now()
    {
        server.Add(time.GetUtcNow().AddMinutes(-1), "old");
        await using var reader = new LokiReader(settings with { StartAt = StartAt.End }, positions, time);
        Assert.Empty(await ReadAllAsync(reader));
        server.Add(time.GetUtcNow(), "new");
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["new"], (await ReadAllAsync(reader)).SelectMany(g => g.Lines));
    }

    [Fact]
    public async Task A_long_time_is_asked_for_in_parts()
    {
        for (var day = 9; day > 0; day--) server.Add(time.GetUtcNow().AddDays(-day), $"{day}");
        await using var reader = new LokiReader(settings with { Lookback = TimeSpan.FromDays(10) }, positions, time);

        Assert.Equal(["9", "8", "7", "6", "5", "4", "3", "2", "1"], (await ReadAllAsync(reader)).SelectMany(g => g.Lines));
        Assert.All(server.Asked, a => Assert.True(long.Parse(a.Query["end"]!) - long.Parse(a.Query["start"]!) <= 86_400_000_000_000));
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(503, null, 1)]
    [InlineData(500, "Sun, 01 Mar 2026 12:00:20 GMT", 19)]
    public async Task A_refusal_is_waited_out(int status, string? retryAfter, int seconds)
    {
        server.Add(time.GetUtcNow().AddMinutes(-1), "line");
        server.Faults.Enqueue(LokiServer.Refusal(status, "too many outstanding requests", retryAfter));
        await using var reader = new LokiReader(settings, positions, time);
        Assert.Empty(await ReadAsync(reader));
        Assert.Contains($"answers {status} (too many outstanding requests)", reader.Problem, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1500));
        Assert.Empty(await ReadAsync(reader));
        Assert.Single(server.Asked);

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["line"], (await ReadAsync(reader)).SelectMany(g => g.Lines));
        Assert.Null(reader.Problem);
    }

    [Fact]
    public async Task Pauses_grow_while_it_fails_and_no_line_is_lost()
    {
        server.Add(time.GetUtcNow().AddMinutes(-59), "line");
        for (var i = 0; i < 6; i++) server.Faults.Enqueue(http => { http.Abort(); return Task.CompletedTask; });
        await using var reader = new LokiReader(settings, positions, time);
        var lines = new List<string>();
        for (var second = 0; second < 62; second++) lines.AddRange((await ReadAsync(reader)).SelectMany(g => g.Lines));
        Assert.Empty(lines);
        Assert.Equal(6, server.Asked.Count);
        Assert.Contains("cannot be reached", reader.Problem, StringComparison.Ordinal);
        for (var second = 0; second < 10; second++) lines.AddRange((await ReadAsync(reader)).SelectMany(g => g.Lines));

        Assert.Equal(["line"], lines);
    }

    [Theory]
    [InlineData(401, "give the source a token")]
    [InlineData(400, "put the query right")]
    [InlineData(404, "look whether the address is right")]
    public async Task What_only_a_person_can_put_right_is_named_with_the_remedy(int status, string remedy)
    {
        server.Faults.Enqueue(LokiServer.Refusal(status, "no"));
        await using var reader = new LokiReader(settings, positions, time);
        await ReadAsync(reader);

        Assert.Contains(remedy, reader.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["x","y"]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[[]]}]}}""")]
    public async Task An_answer_that_is_none_is_named(string body)
    {
        server.Faults.Enqueue(http => http.Response.WriteAsync(body));
        await using var reader = new LokiReader(settings, positions, time);

        Assert.Empty(await ReadAsync(reader));
        Assert.Contains("answers what cannot be read", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_who_it_is_and_asks_as_documented()
    {
        await using (var reader = new LokiReader(settings with { Token = "t0ken", Tenant = "shop" }, positions, time)) await ReadAsync(reader);
        await using (var reader = new LokiReader(settings with { User = "me", Password = "pass:wörd" }, new Dictionary<string, string>(), time)) await ReadAsync(reader);
        var asked = server.Asked.ToList();

        Assert.Equal(settings.Query, asked[0].Query["query"]);
        Assert.Equal(("Bearer t0ken", "shop"), (asked[0].Headers.Authorization.ToString(), asked[0].Headers["X-Scope-OrgID"].ToString()));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:pass:wörd")), asked[1].Headers.Authorization.ToString());
        Assert.DoesNotContain("t0ken", (settings with { Token = "t0ken" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labels_and_metadata_name_service_release_and_host()
    {
        var at = time.GetUtcNow().AddMinutes(-1);
        server.Add(at, "one", """{"service_name":"web","job":"x","host":"a"}""", """{"trace_id":"1","version":"1.2"}""");
        server.Add(at, "two\nlines", $$"""{"job":"batch","long":"{{new string('x', 300)}}"}""");
        server.Add(at, new string('x', 70_000), """{"service_name":"unknown_service"}""");
        await using var reader = new LokiReader(settings, positions, time);
        var given = await ReadAllAsync(reader);

        Assert.Equal(new LogLabels("web", "1.2", "a"), given.Single(g => g.Lines[0] == "one").Labels);
        Assert.Equal(["two", "lines"], given.Single(g => g.Labels.Service == "batch").Lines);
        Assert.Equal(70_000 - 65_536, given.Single(g => g.Labels.Service is null).DroppedBytes);
    }

    async Task<List<Given>> ReadAllAsync(LokiReader reader)
    {
        var given = new List<Given>();
        for (var i = 0; i < 40; i++)
        {
            given.AddRange(await ReadAsync(reader));
            if (i > 3 && reader.BehindBytes == 0) break;
        }
        return given;
    }

    async Task<List<Given>> ReadAsync(LokiReader reader)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        var read = await reader.ReadAsync(CancellationToken.None);
        foreach (var (key, json) in read.Positions) positions[key] = json!;
        return [.. Given.Of(read)];
    }
}
