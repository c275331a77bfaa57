using System.Diagnostics.Metrics;
using Emulators.OpenRouter;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;
using Routing.Providers.Wire;
using Routing.Selection;
using Support.Money;

namespace Benchmarks.Routing;

/// <summary>Callers who ask all kinds of things of all kinds of models, streamed or not, and some of whom leave.</summary>
sealed class MixedCallers : IDisposable
{
    /// <summary>One without a limit for a task: bills that the emulator is told to write may be larger than any hold.</summary>
    public const string Policy = "exact";

    const int MaxTokens = 1_000;

    static readonly string[] Slugs =
    [
        "openai/gpt-4o-mini", "openai/gpt-4.1", "openai/gpt-4o-search-preview", "anthropic/claude-haiku-4.5", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-pro",
        "google/gemini-2.0-flash-001", "deepseek/deepseek-chat-v3.1", "deepseek/deepseek-r1", "perplexity/sonar-deep-research", "meta-llama/llama-3.3-70b-instruct:free",
    ];

    readonly IReadOnlyDictionary<string, ModelPrice> prices;
    readonly Dictionary<string, ProviderEndpoint> endpoints;
    readonly CallTools tools;
    readonly bool losesNames;

    MixedCallers(OpenRouterEmulator emulator, IReadOnlyDictionary<string, ModelPrice> prices, NpgsqlDataSource database, Spender spender, IMeterFactory meters, bool losesNames)
    {
        (this.prices, this.losesNames) = (prices, losesNames);
        ProviderEndpoint Endpoint(string name, bool canStream) =>
            new(name, WireKind.OpenRouter, emulator.BaseUrl, h => h.TryAddWithoutValidation("Authorization", "Bearer sk-exact")) { CanStream = canStream };
        endpoints = new() { ["openrouter"] = Endpoint("openrouter", true), ["whole"] = Endpoint("whole", false) };
        var limits = new CallLimits { LongestWait = TimeSpan.Zero, UsageWait = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(60), Idle = TimeSpan.FromSeconds(60) };
        if (losesNames) limits = limits with { Silence = TimeSpan.FromSeconds(1), Total = TimeSpan.FromSeconds(4) };
        Connections = new WireConnections(limits.Connect);
        var breakers = new BreakerSettings { LeastFailures = int.MaxValue }; // who stands still bills nothing
        var health = new RouteHealth(new Breakers(database, TimeProvider.System, breakers), breakers, TimeProvider.System, new PerformanceMetrics(meters), NullLogger<RouteHealth>.Instance);
        var parts = new RoutedParts(_ => throw new InvalidOperationException(), EndpointOf, spender.Ledger, health, PriceFormula.CostUsd);
        tools = new CallTools(parts, Connections, limits, new CallMetrics(meters), TimeProvider.System, NullLogger<RoutedChat>.Instance);
    }

    public WireConnections Connections { get; }

    public ProviderEndpoint? EndpointOf(string name) => endpoints.GetValueOrDefault(name);

    /// <summary>With the prices that the emulator lists.</summary>
    public static async Task<MixedCallers> StartAsync(OpenRouterEmulator emulator, NpgsqlDataSource database, Spender spender, IMeterFactory meters, bool losesNames, CancellationToken ct)
    {
        using var http = new HttpClient();
        var listed = ReadModelList.Read(await http.GetByteArrayAsync(new Uri(emulator.BaseUrl.AbsoluteUri.TrimEnd('/') + "/models"), ct), mayBeFree: true) as ModelListing.Listed;
        var prices = listed!.Models.Where(m => m.Price is not null).ToDictionary(m => m.Slug, m => m.Price!);
        return new MixedCallers(emulator, prices, database, spender, meters, losesNames);
    }

    /// <summary>One request, with up to three models to try.</summary>
    public async Task AskAsync(Random random, int number, CancellationToken ct)
    {
        var provider = random.Next(3) == 0 ? "whole" : "openrouter";
        string[] slugs = [.. Enumerable.Range(0, 3).Select(i => Slugs[(number + i * 4) % Slugs.Length])];
        // Models that ask to be left alone are left alone by this request only: otherwise there would soon be nobody to call.
        var own = new CallTools(tools.Parts with { Decide = request => Decide(request, provider, slugs) }, Connections, tools.Limits, tools.Metrics, tools.Time, tools.Log);
        using var client = new RoutedChatFactory(own).For(new CallOrigin(Spender.Id(), TaskId: Spender.Id(), Worker: $"worker:{number % 7}", TaskKind: "exact"), new RouteWish(Policy));
        var prompt = random.Next(6) switch { 0 => "long", 1 => "cached", _ => $"Question {random.Next(20)}: {string.Concat(Enumerable.Repeat("what is this? ", random.Next(1, 500)))}" };
        var options = new ChatOptions { MaxOutputTokens = MaxTokens, Tools = random.Next(5) == 0 ? [AIFunctionFactory.Create((string path) => path, "read_file", "Reads a file.")] : null };
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (losesNames && random.Next(5) == 0) leaving.CancelAfter(random.Next(0, 30));
        try
        {
            if (random.Next(2) == 0)
            {
                await client.GetResponseAsync(prompt, options, leaving.Token);
                return;
            }
            var stopAfter = random.Next(4) == 0 ? random.Next(1, 20) : int.MaxValue;
            await foreach (var _ in client.GetStreamingResponseAsync(prompt, options, leaving.Token))
            {
                if (--stopAfter > 0) continue;
                if (random.Next(2) == 0) break; // it stops to read
                await leaving.CancelAsync(); // or says that it leaves
            }
        }
        catch (Exception e) when (e is ChatFailedException or ChatCutException or NoModelException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Chance may take all three, and who leaves has left.
        }
    }

    RoutingDecision Decide(RoutingRequest request, string provider, string[] slugs)
    {
        Candidate[] left =
        [
            .. slugs.Where(s => !request.Tried.Contains((provider, s))).Select(slug => new Candidate(new CatalogModel(provider, slug, slug, 1_000_000, null, prices[slug]), Policy, MaxTokens, null,
                NanoUsd.Ceiling(PriceFormula.MostUsd(prices[slug], request.InputBytes, MaxTokens, request.Images)), 0.001m, null, 0, [$"{slug} is on the list."])),
        ];
        return left.Length > 0 ? new RoutingDecision.Chosen(Policy, 3, left, ["It is the policy's."], 0.5) : new RoutingDecision.Nobody("no_usable_model", "None is left.");
    }

    public void Dispose() => Connections.Dispose();
}
