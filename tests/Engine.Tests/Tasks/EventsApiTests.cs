using Engine.Tasks;
using Engine.Tasks.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>Server-sent events as they go over the wire.</summary>
public sealed class EventsApiTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly IdleEngine engine = new();

    public Task InitializeAsync() => engine.InitializeAsync();

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task What_happens_is_sent_as_it_happens_and_a_stream_that_broke_goes_on_where_it_was()
    {
        await using var stream = await StreamAsync("/api/tasks/events?kind=probe");
        var first = await engine.FileAsync();
        await engine.FileAsync(IdleEngine.Other);
        Assert.Equal((first, "filed", TaskState.Pending), Seen(await stream.NextAsync()));
        var id = stream.LastEventId;
        await stream.DisposeAsync();
        var second = await engine.FileAsync();
        await engine.PostAsync($"/api/tasks/{first}/cancel");

        await using var again = await StreamAsync("/api/tasks/events?kind=probe", id);

        var seen = new HashSet<(Guid, string, TaskState?)>();
        while (!seen.IsSupersetOf([(second, "filed", TaskState.Pending), (first, "cancelled", TaskState.Cancelled)])) seen.Add(Seen(await again.NextAsync()));
        var third = await engine.FileAsync();
        while (!seen.Contains((third, "filed", TaskState.Pending))) seen.Add(Seen(await again.NextAsync()));
        Assert.DoesNotContain(seen, s => s.Item1 != first && s.Item1 != second && s.Item1 != third);
    }

    [Fact]
    public async Task One_task_is_followed_to_its_end()
    {
        var (mine, other) = (await engine.FileAsync(), await engine.FileAsync());
        await using var stream = await StreamAsync($"/api/tasks/events?task_id={mine}&state=cancelled&state=failed");
        await engine.PostAsync($"/api/tasks/{other}/cancel");
        await engine.PostAsync($"/api/tasks/{mine}/cancel");

        Assert.Equal((mine, "cancelled", TaskState.Cancelled), Seen(await stream.NextAsync()));
    }

    [Theory]
    [InlineData("state=asleep", null, "state must be one of")]
    [InlineData("task_id=7", null, "7")]
    [InlineData("", "yesterday", "Last-Event-ID")]
    [InlineData("", "99999999999999999", "Last-Event-ID")]
    public async Task A_stream_that_cannot_be_is_refused(string query, string? lastEventId, string mentions)
    {
        using var request = Request($"/api/tasks/events?{query}", lastEventId);

        var problem = await (await engine.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)).ProblemAsync();

        Assert.Equal((400, "invalid_request"), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_needs_a_token() =>
        Assert.Equal(401, (await (await engine.Server.Anonymous.GetAsync("/api/tasks/events")).ProblemAsync()).Status);

    [Fact]
    public async Task A_revoked_token_gets_nothing_more()
    {
        var token = await engine.Server.TokenAsync(Engine.Access.Roles.Reader);
        using var reader = engine.Server.Client(token);
        await using var stream = await StreamAsync("/api/tasks/events", client: reader);
        await engine.FileAsync();
        await stream.NextAsync();

        Assert.True((await engine.Admin.DeleteAsync($"/api/tokens/{await IdOfAsync(token)}")).IsSuccessStatusCode);
        await engine.FileAsync();

        Assert.Null(await stream.NextOrEndAsync().WaitAsync(Soon));

        async Task<Guid> IdOfAsync(string text) => (await engine.QueryAsync<Guid>("select token_id from api_tokens where prefix = @prefix", new { prefix = text.Split('_')[1] })).Single();
    }

    [Fact]
    public async Task An_engine_that_stops_ends_its_streams_and_waits()
    {
        var taskId = await engine.FileAsync();
        await using var stream = await StreamAsync("/api/tasks/events");
        var wait = engine.GetAsync<TaskResponse>($"/api/tasks/{taskId}/wait?timeout=60");
        await Eventually.TrueAsync(() => engine.Server.Services.GetRequiredService<WatchEnds>().Waiting == 1, Soon, "the wait has arrived");
        var clock = System.Diagnostics.Stopwatch.StartNew();

        await engine.Server.StopAsync();

        Assert.Null(await stream.NextOrEndAsync().WaitAsync(Soon));
        Assert.Equal(TaskState.Pending, (await wait.WaitAsync(Soon)).State);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"The stop took {clock.Elapsed}.");
    }

    [Fact]
    public async Task While_nothing_happens_a_sign_of_life_is_sent_and_a_lagging_reader_is_told()
    {
        var time = new ManualTime();
        using var body = new MemoryStream();
        var http = new DefaultHttpContext { Response = { Body = body } };
        var subscription = new EventSubscription(EventFilter.All, time.GetUtcNow());
        var following = new EventStream(http.Response, _ => Task.FromResult(true)).FollowAsync(subscription, time, CancellationToken.None);

        await Eventually.TrueAsync(() => { time.Advance(EventStream.Heartbeat); return Text().Contains(": still here\nid: 17", StringComparison.Ordinal); }, Soon, "a heartbeat");
        subscription.Cut();
        await following.WaitAsync(Soon);

        Assert.Contains("event: lagging\ndata: {", Text(), StringComparison.Ordinal);

        string Text() => System.Text.Encoding.UTF8.GetString(body.ToArray());
    }

    static (Guid, string, TaskState?) Seen(TaskEventResponse? e) => (e!.TaskId, e.Event, e.State);

    static HttpRequestMessage Request(string path, string? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        return request;
    }

    Task<EventReader> StreamAsync(string path, string? lastEventId = null, HttpClient? client = null) => EventReader.OpenAsync(client ?? engine.Admin, path, lastEventId);
}
