using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.AI;
using Routing.Calls;
using Support;

namespace Routing.Tests.Calls;

/// <summary>Callers that leave, and every other way in which a call may be given up: each attempt is closed once, and the provider is let go at once.</summary>
public sealed class CallerGoneTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(100);

    readonly RawServer server = new();

    [Theory]
    [InlineData("waiting")] // for headers
    [InlineData("headers")] // for the first content
    [InlineData("reading")] // for more
    [InlineData("between")] // while the caller thinks about what it got
    [InlineData("disposed")] // the caller stops enumerating
    [InlineData("finished")] // all content has come, the cost has not
    public async Task The_provider_is_let_go_within_a_tenth_of_a_second(string when)
    {
        // A busy machine may stop a thread for longer than that; it does not do so three times.
        var took = await LeaveAsync(when);
        for (var i = 0; i < 2 && took > AtOnce; i++) took = await LeaveAsync(when);

        Assert.InRange(took, TimeSpan.Zero, AtOnce);
    }

    async Task<TimeSpan> LeaveAsync(string when)
    {
        var before = server.Exchanges.Count;
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goneAt = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On("a", async x =>
        {
            if (when != "waiting") await x.BeginAsync();
            if (when is "reading" or "between" or "disposed" or "finished") await x.FramesAsync(Answers.Delta("""{"content":"Be"}"""));
            if (when is "finished") await x.FramesAsync(Answers.Finish("stop"));
            reached.SetResult();
            await x.UntilGoneAsync();
            goneAt.SetResult(Stopwatch.GetTimestamp());
        });
        server.On("b", Answers.GoodAsync);
        await using var routed = NewRouted().Models("p:a", "p:b");
        using var caller = new CancellationTokenSource();
        await using var stream = routed.Client().GetStreamingResponseAsync([new(ChatRole.User, "Why?")], null, caller.Token).GetAsyncEnumerator();

        Task<bool>? next = null;
        if (when is "reading" or "between" or "disposed" or "finished") Assert.True(await stream.MoveNextAsync());
        if (when is "finished") Assert.True(await stream.MoveNextAsync());
        if (when is not "between" and not "disposed") next = stream.MoveNextAsync().AsTask();
        await reached.Task;
        if (when is "headers") await routed.HeadersAsync();
        var leftAt = Stopwatch.GetTimestamp();
        if (when is "disposed") await stream.DisposeAsync();
        else await caller.CancelAsync();

        var took = Stopwatch.GetElapsedTime(leftAt, await goneAt.Task.WaitAsync(TimeSpan.FromSeconds(5)));
        if (next is not null) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        if (when is "between") await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.MoveNextAsync());
        var end = await routed.CallAsync();
        Assert.Equal(("cancelled", 0.01m, true, null), (end.Outcome, end.CostUsd, end.IsEstimated, end.ErrorKind));
        Assert.Equal(when == "waiting" ? null : "gen-raw", end.GenerationId);
        Assert.Equal((0, 1), (server.Count("b"), server.Exchanges.Count - before)); // nothing more is tried for one who has left
        return took;
    }

    [Fact]
    public async Task Who_wants_a_whole_answer_may_leave_too()
    {
        var goneAt = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Answers.Delta("""{"content":"Be"}"""));
            await x.UntilGoneAsync();
            goneAt.SetResult(Stopwatch.GetTimestamp());
        });
        await using var routed = NewRouted().Models("p:a");
        using var caller = new CancellationTokenSource();

        var asked = routed.AskAsync(ct: caller.Token);
        await routed.HeadersAsync();
        var leftAt = Stopwatch.GetTimestamp();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.InRange(Stopwatch.GetElapsedTime(leftAt, await goneAt.Task.WaitAsync(TimeSpan.FromSeconds(5))), TimeSpan.Zero, 10 * AtOnce);
        Assert.Equal("cancelled", (await routed.CallAsync()).Outcome);
    }

    [Fact]
    public async Task Who_left_before_the_beginning_calls_nobody()
    {
        await using var routed = NewRouted().Models("p:a");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => routed.AskAsync(ct: new CancellationToken(canceled: true)));

        Assert.Equal((0, 0), ((await routed.CallsAsync()).Count, server.Exchanges.Count));
    }

    [Fact]
    public async Task Who_leaves_while_a_wait_is_kept_ends_it()
    {
        server.On("a", x => x.JsonAsync(429, "{}", "Retry-After: 2\r\n"));
        await using var routed = NewRouted().Models("p:a");
        using var caller = new CancellationTokenSource();

        var asked = routed.AskAsync(ct: caller.Token);
        await Eventually.TrueAsync(async () => await field.CallsAsync(routed.Worker) is [{ Outcome: "failed" }], TimeSpan.FromSeconds(5), "the first attempt");
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Single(server.Exchanges);
    }

    [Fact]
    public async Task Whoever_leaves_after_the_end_changes_nothing()
    {
        server.On("a", Answers.GoodAsync);
        await using var routed = NewRouted().Models("p:a");
        using var caller = new CancellationTokenSource();

        await routed.StreamAsync(caller.Token);
        await caller.CancelAsync();

        Assert.Equal("succeeded", (await routed.CallAsync()).Outcome);
    }

    /// <summary>Streams cut, mangled and mixed at random; callers that leave, stop or stay at random: whatever happens, every attempt is closed once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_attempt_is_closed_once_whatever_happens(int seed)
    {
        var random = new Random(seed);
        foreach (var model in new[] { "a", "b", "c" }) server.On(model, x => MangledAsync(x, new Random(Next())));
        await using var routed = new Routed(field, new CallLimits
        {
            Silence = TimeSpan.FromMilliseconds(100), FirstToken = TimeSpan.FromMilliseconds(200), Idle = TimeSpan.FromMilliseconds(100), UsageWait = TimeSpan.FromMilliseconds(100),
            LongestWait = TimeSpan.FromMilliseconds(10),
        }).Provider("p", server.Url).Models("p:a", "p:b", "p:c");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 25; i++) await OneAsync(routed, new Random(Next()));
        }));

        // Of a caller that left while its call was being entered the close follows by itself.
        await Eventually.TrueAsync(async () => (await routed.CallsAsync()).All(c => c.Outcome != "open"), TimeSpan.FromSeconds(10), "no call is open");
        var calls = await routed.CallsAsync();
        Assert.Equal(["cancelled", "failed", "succeeded"], calls.Select(c => c.Outcome).Distinct().Order()); // none is open, and a second close throws
        Assert.True(calls.Count >= server.Exchanges.Count);

        int Next()
        {
            lock (random) return random.Next();
        }
    }

    static async Task OneAsync(Routed routed, Random random)
    {
        using var caller = new CancellationTokenSource();
        if (random.Next(3) == 0) caller.CancelAfter(random.Next(0, 60));
        try
        {
            if (random.Next(3) == 0) await routed.AskAsync(ct: caller.Token);
            else
            {
                var stopAfter = random.Next(1, 12);
                await foreach (var _ in routed.Client().GetStreamingResponseAsync("Why?", null, caller.Token))
                    if (--stopAfter == 0) break;
            }
        }
        catch (Exception e) when (e is ChatFailedException or ChatCutException or OperationCanceledException)
        {
            // As it may be.
        }
    }

    static async Task MangledAsync(RawExchange x, Random random)
    {
        switch (random.Next(10))
        {
            case 0: await x.JsonAsync(new[] { 429, 500, 502, 503, 504, 529 }[random.Next(6)], "{}", random.Next(2) == 0 ? "Retry-After: 0\r\n" : ""); return;
            case 1: x.Reset(); return;
            case 2: await x.UntilGoneAsync(); return;
        }
        await x.BeginAsync(random.Next(2) == 0 ? "" : "X-Generation-Id: gen-raw\r\n");
        var frames = new[] { ": life", Answers.Delta("""{"content":"Be"}"""), Answers.Delta("""{"content":"ä"}"""), Answers.Finish("stop"), Answers.Usage(), "[DONE]" }
            .Select(f => f[0] == ':' ? $"{f}\n\n" : $"data: {f}\n\n");
        var bytes = Encoding.UTF8.GetBytes(string.Concat(frames));
        if (random.Next(3) == 0) bytes = bytes[..random.Next(bytes.Length)];
        if (random.Next(4) == 0 && bytes.Length > 0) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        for (var at = 0; at < bytes.Length;)
        {
            var size = Math.Min(random.Next(1, 400), bytes.Length - at);
            await x.WriteAsync(bytes[at..(at + size)]);
            at += size;
        }
        if (random.Next(5) == 0) x.Reset();
        else if (random.Next(5) == 0) await x.UntilGoneAsync();
    }

    Routed NewRouted() => new Routed(field).Provider("p", server.Url);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
