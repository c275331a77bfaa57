using Emulators.OpenRouter;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Calls;
using Routing.Catalog;
using Routing.Providers.Wire;
using Support;

namespace Routing.Tests.Calls;

/// <summary>Calls of every kind, mixed: cached, reasoning, at override and discount prices, on own keys, failing, left by their callers. The ledger is the bill.</summary>
public sealed class BillTests
{
    /// <summary>More with <c>ROUTING_BILL_CALLS</c>.</summary>
    static readonly int Calls = int.TryParse(Environment.GetEnvironmentVariable("ROUTING_BILL_CALLS"), out var calls) ? calls : 1_000;

    static readonly string[] Slugs =
    [
        "openai/gpt-4o-mini", "openai/gpt-4.1", "openai/gpt-4o-search-preview", "anthropic/claude-haiku-4.5", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-pro",
        "google/gemini-2.0-flash-001", "deepseek/deepseek-chat-v3.1", "deepseek/deepseek-r1", "perplexity/sonar-deep-research", "meta-llama/llama-3.3-70b-instruct:free",
    ];

    static readonly Dictionary<string, double> Percent = new()
    {
        ["429"] = 3, ["500"] = 2, ["502"] = 3, ["503-b"] = 2, ["504"] = 2, ["404"] = 1, ["error-first"] = 2, ["error-mid"] = 2, ["error-mid-empty"] = 1, ["error-mid-bare"] = 1,
        ["error-event"] = 1, ["cut-close"] = 2, ["cut-reset"] = 1, ["cut-end"] = 1, ["malformed-frame"] = 1, ["usage-missing"] = 3, ["usage-twice"] = 3, ["usage-choice"] = 3,
        ["cost-missing"] = 3, ["no-done"] = 3, ["comments"] = 3, ["crlf+split"] = 3, ["batch"] = 3,
    };

    [Fact]
    public async Task The_ledger_is_the_bill_to_the_last_nano_dollar()
    {
        await using var emulator = await OpenRouterEmulator.StartAsync(new()
        {
            GenerationAppearsAfter = TimeSpan.Zero, ByokAuthors = new HashSet<string> { "google" },
            Rules =
            [
                new() { Match = new() { User = "long" }, Usage = new RuleUsage(Prompt: 250_000, Cached: 30_000, CacheWrite: 10_000, Completion: 700, Reasoning: 300) },
                new() { Match = new() { User = "cached" }, Usage = new RuleUsage(Prompt: 9_000, Cached: 8_000, Completion: 90) },
            ],
        }, CancellationToken.None);
        emulator.Faults.SetChaos(7, Percent);
        await using var routed = new Routed(new CallLimits { LongestWait = TimeSpan.Zero, UsageWait = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(60), Idle = TimeSpan.FromSeconds(60) });
        routed.Provider("openrouter", emulator.BaseUrl);

        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= Calls) await OneAsync(routed, emulator, number);
        }));
        await Eventually.TrueAsync(() => emulator.Ledger.Running == 0, TimeSpan.FromSeconds(30), "the emulator's end of all calls");
        var settled = await SettleAsync(routed);

        Assert.Equal(0, routed.Ledger.OpenCalls);
        Assert.Empty(routed.Ledger.Faults);
        Assert.True(emulator.Ledger.Calls >= Calls && emulator.Ledger.Cancelled > Calls / 50 && emulator.Ledger.Failed > Calls / 20 && settled.Count > Calls / 20);
        var booked = routed.Ledger.Opened.ToDictionary(c => c.SelectionId.ToString(), c => settled.GetValueOrDefault(c.SelectionId, routed.Ledger.EndOf(c.SelectionId).CostUsd));
        // A connection that was cut may have taken the headers with it: then nobody can be asked, and the estimate stands.
        var nameless = routed.Ledger.Opened.Where(c => routed.Ledger.EndOf(c.SelectionId) is { IsEstimated: true, GenerationId: null }).Select(c => c.SelectionId.ToString()).ToHashSet();
        Assert.InRange(nameless.Count, 0, Calls / 50);
        Assert.Empty(emulator.Ledger.Entries.Where(e => nameless.Contains(e.RequestKey!) ? !e.Outcome!.Fault!.StartsWith("cut-", StringComparison.Ordinal) : booked[e.RequestKey!] != BillOf(e))
            .Select(e => $"{e.RequestKey}: {booked[e.RequestKey!]}, billed {BillOf(e)} {e.Outcome}"));
        var known = emulator.Ledger.Entries.Where(e => !nameless.Contains(e.RequestKey!)).ToList();
        Assert.Equal(emulator.Ledger.Calls, booked.Count);
        Assert.Equal(known.Sum(BillOf), known.Sum(e => booked[e.RequestKey!]));
        Assert.True(emulator.Ledger.TotalUsd > 0);
        var held = routed.Ledger.Opened.ToDictionary(c => c.SelectionId.ToString(), c => c.Hold.Usd);
        Assert.All(known.Where(e => e.Outcome!.Tokens.Prompt is not (250_000 or 9_000)), e => Assert.InRange(booked[e.RequestKey!], 0, held[e.RequestKey!])); // those are the rules' own
    }

    static async Task OneAsync(Routed all, OpenRouterEmulator emulator, int number)
    {
        var random = new Random(number);
        await using var routed = all.With([.. Enumerable.Range(0, 3).Select(i => Slugs[(number + i * 4) % Slugs.Length])], slug => PriceOf(emulator, slug));
        var prompt = random.Next(6) switch { 0 => "long", 1 => "cached", _ => $"Question {random.Next(20)}: {string.Concat(Enumerable.Repeat("what is this? ", random.Next(1, 500)))}" };
        var options = new ChatOptions { MaxOutputTokens = 1_000, Tools = random.Next(5) == 0 ? [AIFunctionFactory.Create((string path) => path, "read_file", "Reads a file.")] : null };
        try
        {
            if (random.Next(2) == 0)
            {
                await routed.Client().GetResponseAsync(prompt, options);
                return;
            }
            var stopAfter = random.Next(5) == 0 ? random.Next(1, 20) : int.MaxValue;
            await foreach (var _ in routed.Client().GetStreamingResponseAsync(prompt, options))
                if (--stopAfter == 0) break;
        }
        catch (Exception e) when (e is ChatFailedException or ChatCutException)
        {
            // Chance may take all three.
        }
    }

    static async Task<Dictionary<Guid, decimal>> SettleAsync(Routed routed)
    {
        var settled = new Dictionary<Guid, decimal>();
        var time = new ManualTime();
        var unsettled = routed.Ledger.Opened.Where(c => routed.Ledger.EndOf(c.SelectionId) is { IsEstimated: true, GenerationId: not null }).ToDictionary(c => c.SelectionId,
            c => new UnsettledCall(c.SelectionId, c.Provider, routed.Ledger.EndOf(c.SelectionId).GenerationId!, time.GetUtcNow()));
        var settle = new SettleLater(_ => Task.FromResult<IReadOnlyList<UnsettledCall>>([.. unsettled.Values.Where(u => !settled.ContainsKey(u.SelectionId))]), (call, _) =>
        {
            lock (settled) settled[call.SelectionId] = call.Generation.CostUsd;
            return Task.CompletedTask;
        }, routed.EndpointOf, new AskGeneration(routed.Connections, TimeProvider.System), time, NullLogger<SettleLater>.Instance);
        for (var i = 0; i < 10 && settled.Count < unsettled.Count; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await settle.RunOnceAsync(CancellationToken.None);
        }
        return settled;
    }

    /// <summary>With what went past OpenRouter to the provider behind it.</summary>
    static decimal BillOf(LedgerEntry entry) => entry.Outcome!.CostUsd + (entry.Outcome.IsByok ? entry.Outcome.UpstreamUsd : 0);

    static ModelPrice PriceOf(OpenRouterEmulator emulator, string slug)
    {
        var price = emulator.Catalog.Find(slug)!.Pricing;
        return new ModelPrice(price.PromptUsd, price.CompletionUsd, price.RequestUsd ?? 0, price.ImageUsd ?? 0, price.WebSearchUsd ?? 0, price.InputCacheReadUsd, price.InputCacheWriteUsd,
            price.InputCacheWrite1hUsd, price.InternalReasoningUsd, price.Discount)
        {
            Overrides = [.. price.Overrides.Select(o => new PriceOverride(o.MinPromptTokens, Minute(o.UtcStart), Minute(o.UtcEnd), o.PromptUsd, o.CompletionUsd, null,
                o.InputCacheReadUsd, o.InputCacheWriteUsd, o.InputCacheWrite1hUsd))],
        };
    }

    static int? Minute(int? clock) => clock is { } c ? c / 100 * 60 + c % 100 : null;
}
