using System.Net;
using System.Net.Http.Json;
using System.Text;
using Dapper;
using Engine.Access;
using Engine.Http;
using Engine.Schedules;
using Support;

namespace Engine.Tests.Schedules;

public sealed class SchedulesApiTests(EngineServer engine) : IClassFixture<EngineServer>
{
    const string Prune = "/api/schedules/prune_expired";

    [Fact]
    public async Task The_engines_own_schedules_are_listed_page_by_page_with_their_next_fire()
    {
        await AddAsync("a_third");
        var seen = new List<ScheduleResponse>();
        for (var next = ""; next is not null;)
        {
            var page = await PageAsync<ScheduleResponse>($"/api/schedules?limit=1{(next == "" ? "" : $"&page_token={next}")}");
            seen.Add(Assert.Single(page.Items));
            next = page.NextPageToken;
        }

        Assert.Equal(seen.Select(s => s.Name).Order(StringComparer.Ordinal), seen.Select(s => s.Name));
        Assert.Contains(seen, s => s.Name == "verify_audit");
        var prune = seen.Single(s => s.Name == "prune_expired");
        Assert.Equal(("prune_expired", "UTC", "fire_once", true), (prune.Duty, prune.TimeZone, prune.MisfirePolicy, prune.Enabled));
        Assert.InRange(prune.NextFireAt!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read_and_is_audited()
    {
        await AddAsync("changed");
        var read = await engine.Admin.GetAsync("/api/schedules/changed");

        var changed = await PatchAsync("changed", """{"enabled":false,"time_zone":"Europe/Berlin"}""", read.Headers.ETag!.ToString());
        var again = await PatchAsync("changed", """{"enabled":true}""", read.Headers.ETag!.ToString());

        var schedule = (await changed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<ScheduleResponse>(EngineJson.Options))!;
        Assert.Equal((false, "Europe/Berlin", 2L, null), (schedule.Enabled, schedule.TimeZone, schedule.Version, schedule.NextFireAt));
        Assert.Equal("\"v2\"", changed.Headers.ETag!.ToString());
        Assert.Equal((412, "version_mismatch"), Code(await again.ProblemAsync()));
        await using var command = engine.Database.Owner.CreateCommand(
            "select details::text from audit_log where action = 'schedule.change' and subject = 'schedule:changed'");
        Assert.Equal(
            """{"new": {"enabled": false, "version": 2, "time_zone": "Europe/Berlin"}, "old": {"enabled": true, "version": 1, "time_zone": "UTC"}}""",
            await command.ExecuteScalarAsync());
    }

    [Theory]
    [InlineData("""{"cron":"0 0 25 * * ?"}""", "\"v1\"", 400, "invalid_request", "hours")]
    [InlineData("""{"cron":"0 0 3 * * ?\u0000"}""", "\"v1\"", 400, "invalid_request", "cron")]
    [InlineData("""{"time_zone":"Mars/Olympus"}""", "\"v1\"", 400, "invalid_request", "time_zone")]
    [InlineData("""{"misfire_policy":"sometimes"}""", "\"v1\"", 400, "invalid_request", "fire_once, skip")]
    [InlineData("""{"name":"other"}""", "\"v1\"", 400, "invalid_request", "name")]
    [InlineData("""{"enabled":false}""", null, 428, "precondition_required", "If-Match")]
    [InlineData("""{"enabled":false}""", "\"v9\"", 412, "version_mismatch", "\"v1\"")]
    [InlineData("""{"enabled":false}""", "W/\"v1\"", 400, "invalid_request", "If-Match")]
    public async Task A_change_that_cannot_be_is_told_why(string body, string? etag, int status, string code, string mentions)
    {
        await AddAsync("unchanged");
        var problem = await (await PatchAsync("unchanged", body, etag)).ProblemAsync();

        Assert.Equal((status, code), Code(problem));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_asked_for_twice_under_one_key_runs_once()
    {
        await AddAsync("asked");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RunAsync("asked", "key-1")));

        var fires = await Task.WhenAll(answers.Select(a => a.Content.ReadFromJsonAsync<RequestedFire>(EngineJson.Options)));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Accepted, a.StatusCode));
        var fire = Assert.Single(fires.Distinct())!;
        await Eventually.TrueAsync(async () => (await PageAsync<FireRow>("/api/schedules/asked/fires")).Items.Single().Outcome == "succeeded",
            TimeSpan.FromSeconds(10), "the fire has run");
        Assert.Equal(fire.FireId, (await PageAsync<FireRow>("/api/schedules/asked/fires")).Items.Single().FireId);
        Assert.Equal("succeeded", (await engine.Admin.GetFromJsonAsync<ScheduleResponse>("/api/schedules/asked", EngineJson.Options))!.LastOutcome);
    }

    [Fact]
    public async Task A_run_is_refused_while_one_that_was_asked_for_waits()
    {
        await AddAsync("queued");
        await engine.Database.ExecuteAsync(
            "insert into schedule_fires (fire_id, name, fire_time, manual) values ('00000000-0000-0000-0000-00000000000a', 'queued', clock_timestamp(), true)");
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await using var held = await connection.BeginTransactionAsync(); // nobody can take the fire meanwhile
        await connection.ExecuteAsync("select from schedule_fires where name = 'queued' and started_at is null for update", transaction: held);

        Assert.Equal((409, "already_waiting"), Code(await (await engine.Admin.PostAsync("/api/schedules/queued/run", null)).ProblemAsync()));
        await connection.ExecuteAsync("delete from schedule_fires where name = 'queued'", transaction: held);
        await held.CommitAsync();
    }

    [Fact]
    public async Task Fires_are_paged_newest_first()
    {
        await AddAsync("paged");
        await engine.Database.ExecuteAsync("""
            insert into schedule_fires (fire_id, name, fire_time, manual, started_at, finished_at, outcome)
            select gen_random_uuid(), 'paged', timestamptz '2026-01-01T00:00:00.123456Z' + n / 2 * interval '1 day', true, clock_timestamp(), clock_timestamp(), 'failed'
            from generate_series(1, 7) n
            """);

        var seen = new List<FireRow>();
        var path = "/api/schedules/paged/fires?limit=2";
        for (var next = ""; next is not null;)
        {
            var page = await PageAsync<FireRow>($"{path}{(next == "" ? "" : $"&page_token={next}")}");
            seen.AddRange(page.Items);
            next = page.NextPageToken;
        }

        Assert.Equal(7, seen.Select(f => f.FireId).Distinct().Count());
        Assert.Equal(seen.OrderByDescending(f => f.FireTime).Select(f => f.FireTime), seen.Select(f => f.FireTime));
    }

    [Theory]
    [InlineData("GET", "/api/schedules/nope", 404, "not_found")]
    [InlineData("GET", "/api/schedules/nope/fires", 404, "not_found")]
    [InlineData("POST", "/api/schedules/nope/run", 404, "not_found")]
    [InlineData("POST", "/api/schedules/x'%20or%20'1'='1/run", 404, "not_found")]
    [InlineData("GET", "/api/schedules?page_token=WyJhIl0", 400, "page_token_invalid")]
    [InlineData("GET", Prune + "/fires?limit=0", 400, "invalid_request")]
    public async Task What_is_not_there_is_told(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        Assert.Equal((status, code), Code(await (await engine.Admin.SendAsync(request)).ProblemAsync()));
    }

    [Fact]
    public async Task A_page_token_of_another_schedules_fires_is_refused()
    {
        await AddAsync("paged_a");
        await AddAsync("paged_b");
        await engine.Database.ExecuteAsync("insert into schedule_fires (fire_id, name, fire_time, manual, started_at, finished_at, outcome) "
            + "select gen_random_uuid(), 'paged_a', clock_timestamp(), true, clock_timestamp(), clock_timestamp(), 'failed' from generate_series(1, 2)");
        var token = (await PageAsync<FireRow>("/api/schedules/paged_a/fires?limit=1")).NextPageToken;

        Assert.Equal((400, "page_token_mismatch"), Code(await (await engine.Admin.GetAsync($"/api/schedules/paged_b/fires?page_token={token}")).ProblemAsync()));
    }

    [Fact]
    public async Task A_reader_sees_schedules_and_steers_none()
    {
        using var reader = engine.Client(await engine.TokenAsync(Roles.Reader));

        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync(Prune)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync($"{Prune}/run", null)).StatusCode);
        using var change = Patch("prune_expired", "{}", "\"v1\"");
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync(change)).StatusCode);
    }

    [Fact]
    public async Task Readiness_tells_of_the_scheduler() => await Eventually.TrueAsync(
        async () => (await engine.Anonymous.GetStringAsync("/health/ready")).Contains("the scheduler runs, checked in", StringComparison.Ordinal),
        TimeSpan.FromSeconds(10), "the scheduler is ready");

    Task<int> AddAsync(string name) => engine.Database.ExecuteAsync("""
        insert into schedules (name, duty, cron, updated_at) values (@name, 'prune_expired', '0 17 3 * * ?', clock_timestamp()) on conflict do nothing
        """, new { name });

    async Task<HttpResponseMessage> PatchAsync(string name, string body, string? etag)
    {
        using var request = Patch(name, body, etag);
        return await engine.Admin.SendAsync(request);
    }

    static HttpRequestMessage Patch(string name, string body, string? etag)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/schedules/{name}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-Match", etag);
        return request;
    }

    async Task<HttpResponseMessage> RunAsync(string name, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/schedules/{name}/run");
        request.Headers.Add("Idempotency-Key", key);
        return await engine.Admin.SendAsync(request);
    }

    async Task<Page<T>> PageAsync<T>(string path) => (await engine.Admin.GetFromJsonAsync<Page<T>>(path, EngineJson.Options))!;

    static (int, string) Code((int Status, string Code, string Detail) problem) => (problem.Status, problem.Code);
}
