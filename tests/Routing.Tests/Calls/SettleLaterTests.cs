using Emulators.OpenRouter;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Calls;
using Routing.Providers.Wire;
using Support;

namespace Routing.Tests.Calls;

public sealed class SettleLaterTests : IAsyncLifetime
{
    const string Model = "openai/gpt-4o";

    readonly ManualTime time = new();
    readonly List<UnsettledCall> unsettled = [];
    readonly List<SettledCall> settled = [];
    OpenRouterEmulator emulator = null!;
    Routed routed = null!;

    [Fact]
    public async Task A_call_whose_caller_left_is_booked_with_what_the_provider_tells_later()
    {
        using var caller = new CancellationTokenSource();
        emulator.Faults.Add(new("stall") { AfterFrames = 5 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var frames = 0;
            await foreach (var _ in routed.Client().GetStreamingResponseAsync([new(ChatRole.User, "Tell me a story.")], null, caller.Token))
                if (++frames == 5) caller.CancelAfter(0);
        });
        await Eventually.TrueAsync(() => emulator.Ledger.Running == 0, TimeSpan.FromSeconds(5), "the emulator's end of the call");
        var settle = NewSettle(routed);
        Remember(routed);

        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None)); // too early to ask
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await settle.RunOnceAsync(CancellationToken.None));

        var outcome = emulator.Ledger.Entries.Single().Outcome!;
        Assert.True(outcome.CostUsd > 0 && outcome.IsCancelled);
        Assert.Equal(outcome.CostUsd, settled.Single().Generation.CostUsd);
        Assert.Equal((outcome.Tokens.Prompt, outcome.Tokens.Completion), (settled[0].Generation.Usage.PromptTokens, settled[0].Generation.Usage.CompletionTokens));
        Assert.InRange(outcome.CostUsd, 0, routed.Ledger.Ends.Single().CostUsd); // what was booked meanwhile was enough
    }

    [Fact]
    public async Task A_provider_that_does_not_know_yet_is_asked_at_growing_intervals_for_a_day()
    {
        await using var server = new CountingServer();
        unsettled.Add(new UnsettledCall(Guid.CreateVersion7(time.GetUtcNow()), "counting", "gen-1", time.GetUtcNow()));
        routed.Provider("counting", server.Url);
        var settle = NewSettle(routed);

        for (var minute = 0; minute < 25 * 60; minute++)
        {
            await settle.RunOnceAsync(CancellationToken.None);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(server.Requests, 140, 165);
        Assert.Empty(settled);
        server.Status = 200;
        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(500, "{}")]
    [InlineData(401, "{}")]
    [InlineData(200, "<html>")]
    [InlineData(200, "{\"data\":{}}")]
    [InlineData(200, "{\"data\":{\"total_cost\":-1}}")]
    public async Task An_answer_that_tells_nothing_is_asked_for_again(int status, string body)
    {
        await using var server = new CountingServer { Status = status, Body = body };
        unsettled.Add(new UnsettledCall(Guid.CreateVersion7(time.GetUtcNow()), "counting", "gen-1", time.GetUtcNow()));
        routed.Provider("counting", server.Url);
        var settle = NewSettle(routed);

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None));
        (server.Status, server.Body) = (200, """{"data":{"total_cost":0.25,"is_byok":true,"upstream_inference_cost":5}}""");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await settle.RunOnceAsync(CancellationToken.None));

        Assert.Equal(5.25m, settled.Single().Generation.CostUsd);
    }

    [Fact]
    public async Task A_provider_that_never_tells_is_not_asked()
    {
        await using var server = new CountingServer();
        unsettled.Add(new UnsettledCall(Guid.CreateVersion7(time.GetUtcNow()), "local", "gen-1", time.GetUtcNow()));
        routed.Provider("local", server.Url, WireKind.Compatible);
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(0, await NewSettle(routed).RunOnceAsync(CancellationToken.None));

        Assert.Equal(0, server.Requests);
    }

    void Remember(Routed from) => unsettled.AddRange(from.Ledger.Opened.Where(c => from.Ledger.EndOf(c.SelectionId) is { IsEstimated: true, GenerationId: not null })
        .Select(c => new UnsettledCall(c.SelectionId, c.Provider, from.Ledger.EndOf(c.SelectionId).GenerationId!, time.GetUtcNow())));

    SettleLater NewSettle(Routed from) => new(_ => Task.FromResult<IReadOnlyList<UnsettledCall>>([.. unsettled]), (call, _) =>
    {
        settled.Add(call);
        unsettled.RemoveAll(u => u.SelectionId == call.SelectionId);
        return Task.CompletedTask;
    }, from.EndpointOf, new AskGeneration(from.Connections, time), time, NullLogger<SettleLater>.Instance);

    public async Task InitializeAsync()
    {
        emulator = await OpenRouterEmulator.StartAsync(new() { Time = time, GenerationAppearsAfter = TimeSpan.FromSeconds(1) }, CancellationToken.None);
        routed = new Routed(null, time).Provider("openrouter", emulator.BaseUrl).Model($"openrouter:{Model}", price: new(0.0000025m, 0.00001m));
    }

    public async Task DisposeAsync()
    {
        await routed.DisposeAsync();
        await emulator.DisposeAsync();
    }
}
