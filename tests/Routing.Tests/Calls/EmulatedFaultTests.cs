using System.Text.Json;
using Emulators.OpenRouter;
using Microsoft.Extensions.AI;
using Routing.Calls;
using Support;

namespace Routing.Tests.Calls;

/// <summary>Every fault that the emulator knows, met by a stream, by a whole answer that is read as a stream, and by one that comes whole.</summary>
public sealed class EmulatedFaultTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    // What the model with the fault does ("a": it answers all the same, "b": another model answers, "cut": the caller of the stream is told,
    // "fail": the caller is told at once), the kind of the error, and how often it is tried.
    static readonly (string Faults, string Stream, string Whole, string? Kind, int Tries)[] Expected =
    [
        ("400", "b", "b", "context_length_exceeded", 1),
        ("401 402", "b", "b", "authentication|payment_required", 1),
        ("403", "fail", "fail", "permission_denied", 1),
        ("413 422", "fail", "fail", "invalid_request", 1),
        ("404", "b", "b", "not_found", 1),
        ("408 504 524", "b", "b", "timeout", 2),
        ("500", "b", "b", "server_error", 2),
        ("429 429-provider 429-date", "b", "b", "rate_limited", 1),
        ("502 html", "b", "b", "provider_unavailable", 1),
        ("503 529 503-date", "b", "b", "provider_overloaded", 1),
        ("comments pace split batch crlf padding slow-first-token clock-off generation-late", "a", "a", null, 1),
        ("usage-choice usage-twice no-done usage-missing cost-missing", "a", "a", null, 1),
        ("error-first error-top", "b", "b", "provider_unavailable", 1),
        ("error-mid error-mid-empty error-mid-string error-mid-bare error-event error-choice", "cut", "b", "provider_unavailable", 1),
        ("cut-reset cut-close cut-end", "cut", "b", "cut", 1),
        ("malformed-frame", "cut", "b", "malformed", 1),
        ("stall", "cut", "b", "stalled", 1),
        ("silence silence-headers", "b", "b", "silent", 1),
        ("html-200 garbage empty", "b", "b", "malformed", 1),
    ];

    public static TheoryData<string, string, string, string?, int> Faults()
    {
        var rows = new TheoryData<string, string, string, string?, int>();
        foreach (var (faults, stream, whole, kind, tries) in Expected)
            foreach (var (fault, i) in faults.Split(' ').Select((f, i) => (f, i)))
            {
                var own = kind?.Split('|') is { Length: > 1 } kinds ? kinds[i] : kind;
                rows.Add(fault, stream, whole, own, tries);
                if (fault.All(char.IsAsciiDigit)) rows.Add($"{fault}-b", stream, whole, own, tries);
            }
        return rows;
    }

    OpenRouterEmulator emulator = null!;

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_in_a_stream(string fault, string outcome, string _, string? kind, int tries)
    {
        await using var routed = NewRouted(fault);
        var got = new List<ChatResponseUpdate>();

        var thrown = await Record.ExceptionAsync(async () =>
        {
            await foreach (var update in routed.Client().GetStreamingResponseAsync("Tell me a story.")) got.Add(update);
        });

        await AssertAsync(routed, outcome, kind, outcome == "cut" ? 1 : tries, thrown, got.Count > 0 ? RoutedAnswer.Of(got[^1].AdditionalProperties) : null);
        if (outcome == "cut") Assert.NotEmpty(Assert.IsType<ChatCutException>(thrown).Got.Text);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_in_an_answer_that_is_wanted_whole(string fault, string _, string outcome, string? kind, int tries)
    {
        await using var routed = NewRouted(fault);
        ChatResponse? response = null;

        var thrown = await Record.ExceptionAsync(async () => response = await routed.Client().GetResponseAsync("Tell me a story."));

        await AssertAsync(routed, outcome, kind, tries, thrown, RoutedAnswer.Of(response?.AdditionalProperties));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_in_an_answer_that_comes_whole(string fault, string _, string outcome, string? kind, int tries)
    {
        if (fault.StartsWith("silence", StringComparison.Ordinal)) return; // a whole answer is silent until it is there
        if (fault is "cut-end") kind = "malformed"; // half of a document that ends in good order
        await using var routed = NewRouted(fault, canStream: false);
        ChatResponse? response = null;

        var thrown = await Record.ExceptionAsync(async () => response = await routed.Client().GetResponseAsync("Tell me a story."));

        await AssertAsync(routed, outcome, kind, tries, thrown, RoutedAnswer.Of(response?.AdditionalProperties));
    }

    [Fact]
    public async Task No_fault_is_left_out()
    {
        using var http = new HttpClient();
        using var listed = JsonDocument.Parse(await http.GetStringAsync(new Uri(emulator.Url, "/emulator/faults")));
        var names = listed.RootElement.GetProperty("kinds").EnumerateObject().Select(f => f.Name).ToHashSet();

        Assert.Equal(names.Order(), Faults().Select(row => (string)row[0]!).Order());
    }

    async Task AssertAsync(Routed routed, string outcome, string? kind, int tries, Exception? thrown, RoutedAnswer? routedAnswer)
    {
        Assert.Equal(outcome switch { "cut" => typeof(ChatCutException), "fail" => typeof(ChatFailedException), _ => null }, thrown?.GetType());
        if (outcome is "a" or "b") Assert.Equal(outcome == "a" ? "openai/gpt-4o-mini" : "openai/gpt-4.1", routedAnswer!.Model);
        var ends = await routed.CallsAsync();
        Assert.Equal(tries + (outcome == "b" ? 1 : 0), ends.Count);
        Assert.All(ends.Take(outcome == "a" ? 0 : tries), end => Assert.Equal(("failed", kind), (end.Outcome, end.ErrorKind)));
        Assert.All(ends.Skip(outcome == "a" ? 0 : tries), end => Assert.Equal(("succeeded", null), (end.Outcome, end.ErrorKind)));
        await Eventually.TrueAsync(() => emulator.Ledger.Running == 0, TimeSpan.FromSeconds(5), "the emulator's end of all calls");
        foreach (var end in ends)
        {
            // What was booked is the bill; where it is an estimate, it is no less than the bill and no more than what was held.
            var bill = emulator.Ledger.Entries.Single(e => e.RequestKey == end.SelectionId.ToString());
            if (end.IsEstimated) Assert.InRange(end.CostUsd, bill.Outcome!.CostUsd, end.HoldUsd);
            else Assert.Equal(bill.Outcome!.CostUsd, end.CostUsd);
            if (end.GenerationId is not null) Assert.Equal(bill.GenerationId, end.GenerationId);
        }
    }

    /// <summary>Short where a fault is that nothing comes; else nothing is taken for silent because the machine is busy.</summary>
    static CallLimits Limits(string fault)
    {
        var isSilent = fault.StartsWith("silence", StringComparison.Ordinal) || fault is "stall" or "slow-first-token" or "usage-missing" or "no-done";
        return isSilent ? new CallLimits { Silence = TimeSpan.FromSeconds(1.5), Idle = TimeSpan.FromSeconds(1), UsageWait = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.Zero }
            : new CallLimits { Silence = TimeSpan.FromSeconds(20), Idle = TimeSpan.FromSeconds(20), LongestWait = TimeSpan.Zero };
    }

    Routed NewRouted(string fault, bool canStream = true)
    {
        return new Routed(field, Limits(fault))
            .Provider("openrouter", emulator.BaseUrl, canStream: canStream).Provider("spare", emulator.BaseUrl, canStream: canStream)
            .Model($"openrouter:openai/gpt-4o-mini:fault-{fault}", price: new(0.00000015m, 0.0000006m)).Model("spare:openai/gpt-4.1", context: 1_000_000, price: new(0.000002m, 0.000008m));
    }

    public async Task InitializeAsync() => emulator = await OpenRouterEmulator.StartAsync(new(), CancellationToken.None);

    public async Task DisposeAsync() => await emulator.DisposeAsync();
}
