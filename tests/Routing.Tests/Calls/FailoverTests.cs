using System.Text;
using Microsoft.Extensions.AI;
using Routing.Calls;
using Support;

namespace Routing.Tests.Calls;

/// <summary>What befalls answers on their way, before and after their first content.</summary>
public sealed class FailoverTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    readonly RawServer server = new();
    readonly ManualTime time = new();

    [Fact]
    public async Task A_silent_way_is_left_after_four_seconds_and_never_tried_again()
    {
        var reached = new TaskCompletionSource();
        server.On("a", async x =>
        {
            reached.TrySetResult();
            await x.UntilGoneAsync();
        });
        server.On("b", Answers.GoodAsync);
        await using var routed = Manual().Models("p:a", "p:b");

        var asked = routed.AskAsync();
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.Equal(0, server.Count("b"));
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal("Good", (await asked).Text);
        Assert.Equal(1, server.Count("a"));
        var silent = (await routed.CallsAsync())[0];
        Assert.Equal(("failed", "silent", 0.01m, true), (silent.Outcome, silent.ErrorKind, silent.CostUsd, silent.IsEstimated)); // it may have worked all the same
    }

    [Fact]
    public async Task Headers_alone_are_no_sign_of_life_and_name_the_call_that_is_asked_for_later()
    {
        var reached = new TaskCompletionSource();
        server.On("a", async x =>
        {
            await x.BeginAsync();
            reached.TrySetResult();
            await x.UntilGoneAsync();
        });
        server.On("b", Answers.GoodAsync);
        await using var routed = Manual().Models("p:a", "p:b");

        var asked = routed.AskAsync();
        await reached.Task;
        await routed.HeadersAsync();
        time.Advance(TimeSpan.FromSeconds(4.1));

        await asked;
        var silent = (await routed.CallsAsync())[0];
        Assert.Equal(("silent", "gen-raw", true), (silent.ErrorKind, silent.GenerationId, silent.IsEstimated));
    }

    [Fact]
    public async Task Comments_are_signs_of_life_until_the_time_for_the_first_content_is_over()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            while (true)
            {
                await x.WriteAsync(": OPENROUTER PROCESSING\n\n");
                await Task.Delay(50); // real bytes at real times are the subject
            }
        });
        server.On("b", Answers.GoodAsync);
        await using var routed = new Routed(field, new CallLimits { Silence = TimeSpan.FromSeconds(1), FirstToken = TimeSpan.FromSeconds(1.5) }).Provider("p", server.Url).Models("p:a", "p:b");

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        var late = (await routed.CallsAsync())[0];
        Assert.Equal("no_first_token", late.ErrorKind);
        Assert.InRange(late.LatencyMs!.Value, 1_490, 10_000); // a timer may be a little early
    }

    [Theory]
    [InlineData("", "cut")] // the stream ends
    [InlineData("data: {\"id\":\"gen-raw\",\"cho", "cut")] // within a frame
    [InlineData("data: {\"id\":}\n\n", "malformed")]
    [InlineData("data: <html>\n\n", "malformed")]
    [InlineData("data: [DONE]\n\n", "malformed")] // an answer that says nothing
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}],\"error\":{\"code\":502,\"message\":\"x\"}}\n\n", "provider_unavailable")]
    [InlineData("data: {\"error\":{\"code\":503,\"message\":\"x\"},\"choices\":[]}\n\n", "provider_overloaded")]
    [InlineData("data: {\"error\":{\"code\":429,\"message\":\"x\"}}\n\n", "rate_limited")]
    [InlineData("event: error\ndata: {\"error\":{\"code\":502,\"message\":\"x\"}}\n\n", "provider_unavailable")]
    [InlineData("event: error\ndata: {\"message\":\"x\",\"code\":502}\n\n", "provider_unavailable")]
    [InlineData("event: error\ndata: oops\n\n", "malformed")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"part\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"x\"}}\n\n", "provider_unavailable")]
    public async Task Failures_before_the_first_content_are_not_seen_by_the_caller(string bytes, string kind)
    {
        server.On("a", x => StreamAsync(x, bytes));
        server.On("b", Answers.GoodAsync);
        await using var routed = Manual().Models("p:a", "p:b");

        Assert.Equal("Good", string.Concat((await routed.StreamAsync()).Select(u => u.Text)));
        Assert.Equal("Good", (await routed.AskAsync()).Text);

        var failed = (await AssertClosedAsync(routed, 4))[0];
        Assert.Equal(("failed", kind, "gen-raw"), (failed.Outcome, failed.ErrorKind, failed.GenerationId));
    }

    [Theory]
    [InlineData("", "cut")]
    [InlineData("data: {\"id\":\"gen-raw\",\"cho", "cut")]
    [InlineData("data: {\"id\":}\n\n", "malformed")]
    [InlineData("data: {\"id\":\"gen-raw\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"x\"}}\n\n", "provider_unavailable")]
    [InlineData("data: {\"error\":{\"code\":502,\"message\":\"x\"},\"choices\":[]}\n\n", "provider_unavailable")]
    [InlineData("data: {\"error\":{\"code\":\"server_error\",\"message\":\"x\"},\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n", "server_error")]
    [InlineData("data: {\"error\":{\"code\":502,\"message\":\"x\"}}\n\n", "provider_unavailable")]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n", "server_error")]
    [InlineData("event: error\ndata: {\"error\":{\"message\":\"x\"}}\n\n", "server_error")]
    public async Task Failures_after_the_first_content_are_an_error_with_what_was_got(string bytes, string kind)
    {
        server.On("a", x => StreamAsync(x, $"data: {Answers.Delta("""{"content":"secret"}""")}\n\n" + bytes));
        server.On("b", Answers.GoodAsync);
        await using var routed = Manual().Models("p:a", "p:b");
        var got = new List<string>();

        var cut = await Assert.ThrowsAsync<ChatCutException>(async () =>
        {
            await foreach (var update in routed.Client().GetStreamingResponseAsync("Why?")) got.Add(update.Text);
        });

        Assert.Equal(["secret"], got);
        Assert.Equal(("secret", kind), (cut.Got.Text, cut.Attempt.Kind));
        Assert.DoesNotContain("secret", cut.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(routed.Log.Lines, l => l.Contains("secret", StringComparison.Ordinal));
        Assert.Equal("Good", (await routed.AskAsync()).Text); // who wants it whole has got nothing yet
        Assert.Equal((kind == "server_error" ? 3 : 2, 1), (server.Count("a"), server.Count("b"))); // one try more where that may help
        await AssertClosedAsync(routed, server.Exchanges.Count);
    }

    [Fact]
    public async Task A_reset_connection_is_a_cut()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Answers.Delta("""{"content":"secret"}"""));
            await x.WriteAsync("data: {\"id");
            x.Reset();
        });
        await using var routed = Manual().Models("p:a");

        Assert.Equal("cut", (await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync())).Kind);
        await AssertClosedAsync(routed, 1);
    }

    [Fact]
    public async Task An_answer_that_stalls_is_cut_after_half_a_minute()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Answers.Delta("""{"content":"Be"}"""));
            await x.UntilGoneAsync();
        });
        await using var routed = Manual().Models("p:a");
        await using var stream = routed.Client().GetStreamingResponseAsync("Why?").GetAsyncEnumerator();

        Assert.True(await stream.MoveNextAsync());
        var next = stream.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("stalled", (await Assert.ThrowsAsync<ChatCutException>(() => next)).Attempt.Kind);
        await server.Exchanges[0].Finished.WaitAsync(TimeSpan.FromSeconds(5)); // and the provider is let go
    }

    [Fact]
    public async Task A_request_has_ten_minutes_for_all_its_attempts()
    {
        var reached = new SemaphoreSlim(0);
        foreach (var model in new[] { "a", "b" })
            server.On(model, async x =>
            {
                await x.BeginAsync();
                reached.Release();
                await x.UntilGoneAsync();
            });
        await using var routed = new Routed(field, new CallLimits { Silence = TimeSpan.FromMinutes(8), FirstToken = TimeSpan.FromMinutes(9) }, time).Provider("p", server.Url).Models("p:a", "p:b");

        var asked = routed.AskAsync();
        await reached.WaitAsync();
        time.Advance(TimeSpan.FromMinutes(8.1));
        await reached.WaitAsync();
        time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal("No model answered: p/a: silent; p/b: too_long.", (await Assert.ThrowsAsync<ChatFailedException>(() => asked)).Message);
    }

    [Theory]
    [InlineData("""{"error":{"code":502,"message":"x"}}""", "provider_unavailable")]
    [InlineData("""{"choices":[{"message":{"content":"part"},"finish_reason":"error","error":{"code":502,"message":"x"}}]}""", "provider_unavailable")]
    [InlineData("<html></html>", "malformed")]
    [InlineData("", "malformed")]
    [InlineData("\n \n", "malformed")]
    [InlineData("{\"choices\":[]}", "malformed")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"par", "malformed")]
    public async Task A_whole_answer_that_is_none_is_a_failure_whatever_its_status(string json, string kind)
    {
        server.On("a", x => x.JsonAsync(200, json, "X-Generation-Id: gen-raw\r\n"));
        server.On("b", x => x.JsonAsync(200, "\n\n" + """{"choices":[{"message":{"content":"Good"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":1}}"""));
        await using var routed = Manual().Provider("whole", server.Url, canStream: false).Models("whole:a", "whole:b");

        Assert.Equal("Good", (await routed.AskAsync()).Text);
        Assert.Equal("Good", string.Concat((await routed.StreamAsync()).Select(u => u.Text)));
        Assert.Equal(kind, (await AssertClosedAsync(routed, 4))[0].ErrorKind);
    }

    [Fact]
    public async Task A_frame_that_never_ends_is_not_kept()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.WriteAsync("data: ");
            while (true) await x.WriteAsync(new byte[1000]);
        });
        await using var routed = new Routed(field, new CallLimits { MaxFrameBytes = 50_000 }, time).Provider("p", server.Url).Models("p:a");

        Assert.Equal("malformed", (await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync())).Kind);
        Assert.Matches("at most 50000 bytes, has [0-9]{5,6} or more", (await routed.CallAsync()).Error!);
    }

    [Fact]
    public async Task What_could_not_be_connected_costs_nothing()
    {
        Uri closed;
        await using (var gone = new RawServer()) closed = gone.Url;
        server.On("b", Answers.GoodAsync);
        await using var routed = Manual().Provider("gone", closed).Models("gone:a", "p:b");

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        var end = (await routed.CallsAsync())[0];
        Assert.Equal(("unreachable", 0m, false, null), (end.ErrorKind, end.CostUsd, end.IsEstimated, end.HttpStatus));
    }

    [Fact]
    public async Task A_connection_that_is_lost_with_the_request_is_not_used_to_send_it_twice()
    {
        var calls = 0;
        server.On("a", x =>
        {
            if (Interlocked.Increment(ref calls) == 1) return x.JsonAsync(200, """{"choices":[{"message":{"content":"Good"},"finish_reason":"stop"}],"usage":{"cost":0}}""");
            x.Reset();
            return Task.CompletedTask;
        });
        await using var routed = Manual().Models("p:a");
        await routed.AskAsync();

        var failed = await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync());

        var rows = await AssertClosedAsync(routed, 2);
        Assert.Equal(("cut", 2), (failed.Kind, calls));
        Assert.Equal((0.01m, true), (rows[1].CostUsd, rows[1].IsEstimated));
    }

    static async Task StreamAsync(RawExchange x, string bytes)
    {
        await x.BeginAsync();
        await x.WriteAsync(Encoding.UTF8.GetBytes(bytes));
    }

    static async Task<IReadOnlyList<CallRow>> AssertClosedAsync(Routed routed, int calls)
    {
        var rows = await routed.CallsAsync();
        Assert.Equal(calls, rows.Count);
        Assert.DoesNotContain(rows, r => r.Outcome == "open");
        return rows;
    }

    Routed Manual() => new Routed(field, time: time).Provider("p", server.Url);
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
