using Microsoft.Extensions.AI;
using Routing.Calls;
using Routing.Performance;

namespace Routing.Tests.Calls;

/// <summary>Which way is taken next, and which is not taken just now.</summary>
public sealed class RouteWalkTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    readonly RawServer server = new();

    [Fact]
    public async Task A_short_time_to_wait_is_waited_and_a_long_one_leads_elsewhere()
    {
        var calls = 0;
        server.On("a", x => Interlocked.Increment(ref calls) == 1 ? x.JsonAsync(429, "{}", "retry-after-ms: 50\r\n") : Good(x));
        server.On("long", x => x.JsonAsync(429, "{}", "Retry-After: 60\r\n"));
        server.On("b", Good);
        await using var routed = NewRouted().Models("p:a");
        await using var elsewhere = NewRouted().Models("p:long", "p:b");

        await routed.AskAsync();
        await elsewhere.AskAsync();

        Assert.Equal((2, 1, 1), (server.Count("a"), server.Count("long"), server.Count("b")));
        Assert.Equal(2, (await routed.CallsAsync()).Count);
    }

    [Fact]
    public async Task The_only_way_that_was_busy_is_tried_again_when_it_may_be()
    {
        var calls = 0;
        server.On("a", x => Interlocked.Increment(ref calls) == 1 ? x.JsonAsync(503, "{}", "retry-after-ms: 30\r\n") : Good(x));
        server.On("b", x => x.JsonAsync(502, "{}"));
        await using var routed = NewRouted().Models("p:a", "p:b");

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        Assert.Equal(["a", "b", "a"], server.Exchanges.Select(e => e.Model));
    }

    [Fact]
    public async Task What_asked_to_be_left_alone_is_left_alone_by_other_requests_too()
    {
        var time = new Support.ManualTime();
        var isBusy = true;
        server.On("a", x => isBusy ? x.JsonAsync(503, "{}", "Retry-After: 30\r\n") : Good(x));
        server.On("b", Good);
        await using var routed = new Routed(field, time: time).Provider("p", server.Url).Models("p:a", "p:b");
        await using var alone = new Routed(field, time: time).Provider("p", server.Url).Models("p:a");
        var (client, lonely) = (routed.Client(), alone.Client());

        await client.GetResponseAsync("1");
        await client.GetResponseAsync("2");
        await Assert.ThrowsAsync<ChatFailedException>(() => lonely.GetResponseAsync("3"));
        var refused = await Assert.ThrowsAsync<NoModelException>(() => lonely.GetResponseAsync("4"));
        isBusy = false;
        time.Advance(TimeSpan.FromSeconds(31));
        await client.GetResponseAsync("5");

        Assert.Equal(["a", "b", "b", "a", "a"], server.Exchanges.Select(e => e.Model));
        Assert.Equal("No model can be called just now. p/a has asked not to be called before 12:00:30 UTC.", refused.Message);
    }

    [Fact]
    public async Task A_context_that_is_too_small_leads_to_a_larger_one()
    {
        server.On("small", x => x.JsonAsync(400, """{"error":{"code":400,"message":"maximum context length","metadata":{"error_type":"context_length_exceeded"}}}"""));
        server.On("large", Good);
        await using var routed = NewRouted().Model("p:small", context: 8_000).Model("p:same", context: 8_000).Model("p:large", context: 16_000);

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        Assert.Equal(["small", "large"], server.Exchanges.Select(e => e.Model));
    }

    [Fact]
    public async Task When_all_have_failed_the_caller_hears_of_each()
    {
        server.On("a", x => x.JsonAsync(502, "{}"));
        server.On("b", x => x.JsonAsync(429, "{}", "Retry-After: 600\r\n"));
        await using var routed = NewRouted().Models("p:a", "p:b");

        var failed = await Assert.ThrowsAsync<ChatFailedException>(() => routed.StreamAsync());

        Assert.Equal("No model answered: p/a: provider_unavailable (502); p/b: rate_limited (429).", failed.Message);
        Assert.Equal((TimeSpan.FromMinutes(10), 429), (failed.RetryAfter, (int)failed.StatusCode!));
    }

    [Fact]
    public async Task A_model_that_stands_still_and_a_provider_without_a_key_are_passed_over()
    {
        server.On("b", Good);
        await using var routed = Breaking().Models("nokey:x", "p:a", "p:b");
        routed.StandStill("p", "a");

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        var call = await routed.CallAsync();
        Assert.Equal(("b", "succeeded"), (call.Model, call.Outcome));
        Assert.Contains("p/a stands still.", call.Reasons);
    }

    [Fact]
    public async Task Nobody_is_told_with_the_reasons()
    {
        await using var routed = NewRouted();
        await using var standing = Breaking().Models("p:a");
        standing.StandStill("p", "a");

        var nobody = await Assert.ThrowsAsync<NoModelException>(() => routed.AskAsync());
        var still = await Assert.ThrowsAsync<NoModelException>(() => standing.AskAsync());

        Assert.Equal(("no_usable_model", "None is left."), (nobody.Code, nobody.Message));
        Assert.Equal("No model can be called just now. p/a stands still.", still.Message);
    }

    [Fact]
    public async Task A_model_that_fails_and_fails_stands_still_for_the_requests_that_follow()
    {
        server.On("a", x => x.JsonAsync(502, "{}"));
        server.On("b", Good);
        await using var routed = Breaking().Models("p:a", "p:b");

        for (var i = 0; i < 8; i++) await routed.AskAsync();

        Assert.Equal((5, 8), (server.Count("a"), server.Count("b")));
        Assert.Contains("5 of the last 5 calls failed (provider_unavailable 5)", routed.Health.Standing()[("p", "a")], StringComparison.Ordinal);
    }

    static Task Good(RawExchange x) => Answers.GoodAsync(x);

    Routed Breaking() => new Routed(field, breakers: new BreakerSettings()).Provider("p", server.Url);

    Routed NewRouted() => new Routed(field).Provider("p", server.Url);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
