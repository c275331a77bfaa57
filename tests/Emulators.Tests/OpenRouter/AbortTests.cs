using Emulators.OpenRouter.Billing;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>Callers that leave: what was made until then is billed. Real time is the subject here.</summary>
public sealed class AbortTests
{
    static readonly IReadOnlyList<Emulators.OpenRouter.Answers.Rule> Long = [new() { Answer = new string('x', 40_000) }]; // 10,000 tokens

    [Fact]
    public async Task A_stream_that_is_left_stops_within_a_tenth_of_a_second_and_is_billed_for_what_was_made()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = Long, TokensPerSecond = 400, GenerationAppearsAfter = TimeSpan.Zero });
        using var handler = new SocketsHttpHandler { MaxResponseDrainSize = 0 }; // else a response that is let go is read on for two seconds
        using var client = new HttpClient(handler) { BaseAddress = rig.Emulator.Url, DefaultRequestHeaders = { Authorization = new("Bearer", Rig.Key) } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/chat/completions") { Content = new StringContent(Streamed("openai/gpt-4o")) };
        using (var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync()))
            for (var frames = 0; frames < 10; frames += (await reader.ReadLineAsync())!.StartsWith("data: ", StringComparison.Ordinal) ? 1 : 0) ;
        var leftAt = TimeProvider.System.GetUtcNow();

        await rig.SettledAsync();

        var outcome = rig.Emulator.Ledger.Entries[0].Outcome!;
        Assert.True(outcome.EndedAt - leftAt < TimeSpan.FromMilliseconds(100), $"stopped after {outcome.EndedAt - leftAt}");
        Assert.True(outcome.IsCancelled);
        Assert.Null(outcome.FinishReason);
        Assert.InRange(outcome.Tokens.Completion, 32, 200); // ten frames of four, and what the line held
        Assert.Equal(5 * 0.0000025m + outcome.Tokens.Completion * 0.00001m, outcome.CostUsd);
        var generation = (await rig.GetAsync($"/api/v1/generation?id={rig.Emulator.Ledger.Entries[0].GenerationId}")).GetProperty("data");
        Assert.True(generation.GetProperty("cancelled").GetBoolean());
        Assert.Equal(outcome.CostUsd, generation.GetProperty("total_cost").GetDecimal());
    }

    [Fact]
    public async Task A_call_that_is_left_before_its_first_token_costs_nothing()
    {
        await using var rig = await Rig.StartAsync(new() { FirstTokenAfter = TimeSpan.FromMinutes(1) });

        var outcome = await LeaveAsync(rig, Streamed("openai/gpt-4o"), TimeSpan.FromMilliseconds(100));

        Assert.True(outcome.IsCancelled);
        Assert.Equal((0, 0m), (outcome.Tokens.Completion, outcome.CostUsd));
    }

    [Fact]
    public async Task A_json_call_that_is_left_is_billed_for_the_share_that_was_made()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = Long, TokensPerSecond = 1000 }); // ten seconds

        var outcome = await LeaveAsync(rig, Rig.Ask("openai/gpt-4o").ToJsonString(), TimeSpan.FromMilliseconds(300));

        Assert.True(outcome.IsCancelled);
        Assert.InRange(outcome.Tokens.Completion, 100, 9000);
        Assert.Equal(5 * 0.0000025m + outcome.Tokens.Completion * 0.00001m, outcome.CostUsd);
    }

    [Fact]
    public async Task Or_to_its_end_where_providers_cannot_be_stopped()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = Long, TokensPerSecond = 5_000, FinishesAbandonedJson = true });

        var outcome = await LeaveAsync(rig, Rig.Ask("openai/gpt-4o").ToJsonString(), TimeSpan.FromMilliseconds(100));

        Assert.Equal((10_000, "stop", false), (outcome.Tokens.Completion, outcome.FinishReason, outcome.IsCancelled));
    }

    static string Streamed(string model) => Rig.Ask(model, more: new { stream = true }).ToJsonString();

    static async Task<CallOutcome> LeaveAsync(Rig rig, string body, TimeSpan after)
    {
        using var leave = new CancellationTokenSource();
        var call = rig.Client.PostAsync("/api/v1/chat/completions", new StringContent(body), leave.Token);
        await Eventually.TrueAsync(() => rig.Emulator.Ledger.Calls == 1, TimeSpan.FromSeconds(10), "the call has arrived");
        await Task.Delay(after);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await rig.SettledAsync();
        return rig.Emulator.Ledger.Entries[0].Outcome!;
    }
}
