using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Dapper;
using Engine.Access;
using Support;

namespace Engine.Tests.Http;

public sealed class ServerTests(EngineServer engine) : IClassFixture<EngineServer>
{
    [Fact]
    public async Task Answers_carry_the_headers_that_bind_a_browser()
    {
        var response = await engine.Anonymous.GetAsync("/health/live");

        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.False(response.Headers.Contains("Server"));
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Refusals_carry_them_too()
    {
        foreach (var response in new[]
        {
            await engine.Admin.PostAsync("/api/tokens", new StringContent("{", Encoding.UTF8, "application/json")), // refused by an exception
            await engine.Anonymous.GetAsync("/api/status"), await engine.Anonymous.GetAsync("/nowhere"),
        })
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_home_page_says_how_the_engine_does_and_runs_nothing()
    {
        var response = await engine.Anonymous.GetAsync("/");

        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains("is ready", html, StringComparison.Ordinal);
        Assert.Contains("schema version", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("script-src", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_need_a_token_and_tell_of_requests()
    {
        await engine.Anonymous.GetAsync("/api/status");

        Assert.Equal("token_missing", (await (await engine.Anonymous.GetAsync("/metrics")).ProblemAsync()).Code);
        await Eventually.TrueAsync( // a request is counted once its answer has left
            async () => (await engine.Admin.GetStringAsync("/metrics")).Contains("http_server_request_duration_seconds_bucket", StringComparison.Ordinal),
            TimeSpan.FromSeconds(5), "the first request is counted");
    }

    [Fact]
    public async Task Another_origin_gets_no_leave_to_call()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/status")
        {
            Headers = { { "Origin", "https://evil.example" }, { "Access-Control-Request-Method", "GET" } },
        };

        var response = await engine.Anonymous.SendAsync(request);

        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task An_oversized_body_is_refused_with_the_limit()
    {
        var body = new string('x', 1024 * 1024 + 1);

        var response = await engine.Admin.PostAsJsonAsync("/api/tokens", new { name = body, role = "reader" });

        var problem = await response.ProblemAsync();
        Assert.Equal((413, "body_too_large"), (problem.Status, problem.Code));
        Assert.Contains("1048576", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain", 415, "unsupported_media_type")]
    [InlineData("application/xml", 415, "unsupported_media_type")]
    public async Task Another_media_type_is_refused(string type, int status, string code)
    {
        var problem = await (await engine.Admin.PostAsync("/api/tokens", new StringContent("{}", Encoding.UTF8, type))).ProblemAsync();

        Assert.Equal((status, code), (problem.Status, problem.Code));
    }

    [Fact]
    public async Task Bad_utf8_and_deep_nesting_are_refused()
    {
        var bad = new ByteArrayContent([.. "{\"name\":\""u8, 0xC3, 0x28, .. "\",\"role\":\"reader\"}"u8]) { Headers = { ContentType = new("application/json") } };
        var deep = new StringContent(string.Concat(Enumerable.Repeat("[", 5000)), Encoding.UTF8, "application/json");

        Assert.Equal(400, (await (await engine.Admin.PostAsync("/api/tokens", bad)).ProblemAsync()).Status);
        Assert.Equal(400, (await (await engine.Admin.PostAsync("/api/tokens", deep)).ProblemAsync()).Status);
    }

    [Fact]
    public async Task Bytes_that_are_no_http_do_no_harm()
    {
        foreach (var bytes in new byte[][] { [0, 1, 2, 255], [.. "GET / HTTP/9.9\r\n\r\n"u8], [.. "POST /api/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"u8] })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, engine.Url.Port);
            await client.GetStream().WriteAsync(bytes);
            var buffer = new byte[1000];
            var read = await client.GetStream().ReadAsync(buffer); // an answer, or 0 when it was hung up on
            Assert.DoesNotContain(" 200 ", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await engine.Admin.GetAsync("/api/status")).StatusCode);
    }

    [Fact]
    public async Task Ready_and_status_say_how_each_part_does()
    {
        var ready = await engine.Anonymous.GetFromJsonAsync<JsonElement>("/health/ready");
        var status = await engine.Admin.GetFromJsonAsync<JsonElement>("/api/status");

        Assert.Equal("ready", ready.GetProperty("status").GetString());
        var names = ready.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()).ToArray();
        Assert.Superset(new HashSet<string?> { "clock", "database", "migrations" }, new HashSet<string?>(names));
        Assert.True(status.GetProperty("ready").GetBoolean());
        Assert.InRange(Math.Abs(status.GetProperty("clock").GetProperty("skew_seconds").GetDouble()), 0, 1);
    }

    [Fact]
    public async Task When_the_database_drops_all_sessions_under_load_requests_fail_with_503_and_recover_by_themselves()
    {
        using var stop = new CancellationTokenSource();
        var codes = new System.Collections.Concurrent.ConcurrentBag<(HttpStatusCode Status, string? Code)>();
        var load = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var response = await engine.Admin.GetAsync("/api/tokens");
                codes.Add((response.StatusCode, response.IsSuccessStatusCode ? null : (await response.ProblemAsync()).Code));
            }
        }).ToArray();

        await engine.Database.InterruptAsync(TimeSpan.FromSeconds(1));
        var back = Stopwatch.StartNew();
        await Eventually.TrueAsync(async () => (await engine.Admin.GetAsync("/api/tokens")).IsSuccessStatusCode, TimeSpan.FromSeconds(5), "requests succeed again");
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.InRange(back.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal([(HttpStatusCode.OK, null), (HttpStatusCode.ServiceUnavailable, "database_unavailable")], codes.Distinct().OrderBy(c => c.Status));
        using var connection = await engine.Database.Source.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select 1"));
    }
}

public sealed class RateLimitTests : IAsyncLifetime
{
    readonly EngineServer engine = new()
    {
        Environment = { ["ENGINE__ACCESS__REQUESTSPERSECONDPERADDRESS"] = "5", ["ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN"] = "20" },
    };

    public Task InitializeAsync() => engine.InitializeAsync();

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task Requests_without_a_token_are_turned_away_while_a_token_holder_is_served()
    {
        await engine.Admin.GetAsync("/api/status"); // the token is known from here on

        var flood = Enumerable.Range(0, 2_000).Select(async i =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/tokens");
            if (i % 2 == 0) request.Headers.Add("Authorization", $"Bearer {ApiToken.Create().Text}");
            using var response = await engine.Anonymous.SendAsync(request);
            return response.StatusCode;
        }).ToArray();
        var served = await engine.Admin.GetAsync("/api/status");
        var answers = await Task.WhenAll(flood);

        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, a.ToString()));
        Assert.True(answers.Count(a => a == HttpStatusCode.TooManyRequests) > 1_500);
    }

    [Fact]
    public async Task A_token_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up()
    {
        using var other = engine.Client(await engine.TokenAsync(Roles.Reader));
        await other.GetAsync("/api/status");
        HttpResponseMessage? limited = null;
        for (var i = 0; i < 200 && limited is null; i++)
        {
            var response = await engine.Admin.GetAsync("/api/status");
            if (response.StatusCode == HttpStatusCode.TooManyRequests) limited = response;
        }

        Assert.Equal("rate_limited", (await limited!.ProblemAsync()).Code);
        Assert.True(limited!.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/api/status")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await engine.Anonymous.GetAsync("/health/live")).StatusCode);
    }
}
