using Emulators.OpenRouter;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Budgets;
using Routing.Calls;
using Routing.Providers.Wire;
using Support;

namespace Routing.Tests.Calls;

public sealed class SettleLaterTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    const string Model = "openai/gpt-4o";

    readonly ManualTime time = new();
    readonly List<CorrectedCost> corrected = [];
    OpenRouterEmulator emulator = null!;
    Routed routed = null!;

    [Fact]
    public async Task A_call_whose_caller_left_is_booked_with_what_the_provider_tells_later()
    {
        emulator.Faults.Add(new("stall") { AfterFrames = 5 });
        var left = await LeaveAsync();
        var settle = NewSettle();

        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None)); // too early to ask
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await settle.RunOnceAsync(CancellationToken.None));

        var outcome = emulator.Ledger.Entries.Single().Outcome!;
        var call = await routed.CallAsync();
        Assert.True(outcome.CostUsd > 0 && outcome.IsCancelled);
        Assert.Equal((left.SelectionId, "cancelled", outcome.CostUsd, false), (call.SelectionId, call.Outcome, call.CostUsd, call.IsEstimated));
        Assert.Equal((outcome.Tokens.Prompt, outcome.Tokens.Completion, Model), (call.PromptTokens, call.CompletionTokens, call.ServedModel));
        Assert.InRange(outcome.CostUsd, 0, left.CostUsd); // what was booked meanwhile was enough
        Assert.Equal(outcome.CostUsd, await field.ScalarAsync<decimal>("select settled_usd from budget_windows join cost_budgets using (budget_id) where scope_key = @Tenant", new { routed.Tenant }));
        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None)); // and is never asked for again
        Assert.Equal((left.SelectionId, outcome.CostUsd - left.CostUsd), corrected.Select(c => (c.SelectionId, c.DeltaUsd)).Single());
    }

    [Theory]
    [InlineData("404")]
    [InlineData("429")]
    [InlineData("500")]
    [InlineData("401")]
    [InlineData("html-200")]
    public async Task A_provider_that_fails_when_it_is_asked_is_asked_again(string fault)
    {
        emulator.Faults.Add(new("stall") { AfterFrames = 5, Times = 1 });
        await LeaveAsync();
        emulator.Faults.Add(new(fault) { Match = new() { Path = "/generation" }, Times = 2 });
        var settle = NewSettle();

        var settled = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5 << i));
            settled.Add(await settle.RunOnceAsync(CancellationToken.None));
        }

        Assert.Equal([0, 0, 1, 0, 0, 0], settled);
        Assert.Equal(emulator.Ledger.Entries.Single().Outcome!.CostUsd, (await routed.CallAsync()).CostUsd);
    }

    [Fact]
    public async Task A_provider_that_does_not_know_yet_is_asked_at_growing_intervals_for_a_day()
    {
        await using var server = new CountingServer();
        await EnterAsync("gen-1");
        routed.Provider("counting", server.Url);
        var settle = NewSettle();

        for (var minute = 0; minute < 25 * 60; minute++)
        {
            await settle.RunOnceAsync(CancellationToken.None);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(server.Requests, 140, 165);
        server.Status = 200;
        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None));
        Assert.Equal(0.001m, await field.ScalarAsync<decimal>("select cost_usd from model_selections where is_estimated")); // the estimate stands
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
        await EnterAsync("gen-1");
        routed.Provider("counting", server.Url);
        var settle = NewSettle();

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None));
        (server.Status, server.Body) = (200, """{"data":{"total_cost":0.25,"is_byok":true,"upstream_inference_cost":5}}""");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, await settle.RunOnceAsync(CancellationToken.None));

        Assert.Equal(5.25m, await field.ScalarAsync<decimal>("select cost_usd from model_selections where not is_estimated and settled_at is not null"));
    }

    [Fact]
    public async Task A_provider_that_never_tells_and_a_call_without_a_name_are_not_asked_about()
    {
        await using var server = new CountingServer();
        await EnterAsync("gen-1");
        await EnterAsync(null);
        routed.Provider("counting", server.Url, WireKind.Compatible);
        var settle = NewSettle();
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(0, await settle.RunOnceAsync(CancellationToken.None));

        Assert.Equal(0, server.Requests);
        Assert.Equal(2, await field.ScalarAsync<long>("select count(*) from model_selections where is_estimated and ask_at = 'infinity'")); // nor looked at again
    }

    [Fact]
    public async Task Processes_ask_for_each_call_once()
    {
        await using var server = new CountingServer();
        for (var i = 0; i < 250; i++) await EnterAsync($"gen-{i}");
        routed.Provider("counting", server.Url);
        time.Advance(TimeSpan.FromSeconds(2));

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => NewSettle().RunOnceAsync(CancellationToken.None)));

        Assert.Equal(250, server.Requests);
    }

    [Fact]
    public async Task The_longest_due_come_first_and_what_is_not_due_is_left_alone()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await EnterAsync($"gen-{i}"));
            time.Advance(TimeSpan.FromSeconds(10));
        }
        var find = new FindUnsettled(field.Db.Source, time);

        var first = await find.RunAsync(CancellationToken.None);
        var again = await find.RunAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(10)); // as long as the youngest has ended
        var later = await find.RunAsync(CancellationToken.None);

        Assert.Equal(ids.Order(), first.Select(c => c.SelectionId).Order());
        Assert.Empty(again);
        Assert.Equal(ids[2], Assert.Single(later).SelectionId);
    }

    async Task<CallRow> LeaveAsync()
    {
        using var caller = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var frames = 0;
            await foreach (var _ in routed.Client().GetStreamingResponseAsync([new(ChatRole.User, "Tell me a story.")], null, caller.Token))
                if (++frames == 5) caller.CancelAfter(0);
        });
        await Eventually.TrueAsync(() => emulator.Ledger.Running == 0, TimeSpan.FromSeconds(5), "the emulator's end of the call");
        var left = await routed.CallAsync();
        Assert.Equal(("cancelled", true), (left.Outcome, left.IsEstimated));
        // The ledger has the real clock; the rest goes by the one that is moved.
        await field.ExecuteAsync("update model_selections set ended_at = @now", new { now = time.GetUtcNow() });
        return left;
    }

    Task<Guid> EnterAsync(string? generationId) =>
        field.Db.AddSelectionAsync(new EnteredCall(time.GetUtcNow(), Provider: "counting", Outcome: "cancelled") { IsEstimated = true, GenerationId = generationId });

    SettleLater NewSettle() => new(new FindUnsettled(field.Db.Source, time), new CorrectCosts(field.Db.Source, time), routed.EndpointOf, new AskGeneration(routed.Connections, TimeProvider.System),
        corrected.Add, time, NullLogger<SettleLater>.Instance);

    public async Task InitializeAsync()
    {
        await field.ExecuteAsync("delete from model_selections");
        emulator = await OpenRouterEmulator.StartAsync(new() { Time = time, GenerationAppearsAfter = TimeSpan.FromSeconds(1) }, CancellationToken.None);
        routed = new Routed(field, time: time, tenant: await field.TenantWithAsync(1m)).Provider("openrouter", emulator.BaseUrl).Model($"openrouter:{Model}", price: new(0.0000025m, 0.00001m));
    }

    public async Task DisposeAsync()
    {
        await routed.DisposeAsync();
        await emulator.DisposeAsync();
    }
}
