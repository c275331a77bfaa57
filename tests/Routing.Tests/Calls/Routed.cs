using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Routing.Calls;
using Routing.Catalog;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Tests.Calls;

/// <summary>Routed calls with a plain decision: the models of a test, in its order, at one price.</summary>
sealed class Routed : IAsyncDisposable
{
    public static readonly ModelPrice Price = new(0.000001m, 0.000002m);

    readonly Routed? owner;
    readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    readonly Dictionary<string, ProviderEndpoint> endpoints = [];
    readonly List<Candidate> candidates = [];

    public Routed(CallLimits? limits = null, TimeProvider? time = null, MemoryLedger? ledger = null, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        (Limits, Time, Ledger) = (limits ?? new CallLimits(), time ?? TimeProvider.System, ledger ?? new MemoryLedger());
        Connections = new WireConnections(Limits.Connect, connect);
    }

    Routed(Routed from)
    {
        (Limits, Time, Ledger, Health, Connections, Log, services, owner) = (from.Limits, from.Time, from.Ledger, from.Health, from.Connections, from.Log, from.services, from);
        foreach (var (name, endpoint) in from.endpoints) endpoints[name] = endpoint;
    }

    public CallLimits Limits { get; }

    public TimeProvider Time { get; }

    public MemoryLedger Ledger { get; }

    public MemoryHealth Health { get; } = new();

    public WireConnections Connections { get; }

    public LinesLogger Log { get; } = new();

    public List<RoutingRequest> Requests { get; } = [];

    public ProviderEndpoint? EndpointOf(string name) => endpoints.GetValueOrDefault(name);

    public Func<string, string, UpstreamRules> RulesOf { get; set; } = (_, _) => UpstreamRules.None;

    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public Routed Provider(string name, Uri url, WireKind kind = WireKind.OpenRouter, bool canStream = true)
    {
        endpoints[name] = new ProviderEndpoint(name, kind, url, h => h.TryAddWithoutValidation("Authorization", "Bearer sk-test")) { CanStream = canStream };
        return this;
    }

    /// <param name="models">As <c>provider:slug</c>, in order.</param>
    public Routed Models(params string[] models)
    {
        foreach (var model in models) Model(model);
        return this;
    }

    /// <param name="hold">Null: ten million; zero: the most that the request can cost at the price.</param>
    public Routed Model(string model, long? context = 100_000, int maxTokens = 1_000, NanoUsd? hold = null, ModelPrice? price = null)
    {
        var (provider, slug) = (model.Split(':', 2)[0], model.Split(':', 2)[1]);
        candidates.Add(new Candidate(new CatalogModel(provider, slug, slug, context, null, price ?? Price), "normal", maxTokens, null, hold ?? new NanoUsd(10_000_000), 0.001m, null, 0, [$"{slug} is on the list."]));
        return this;
    }

    /// <summary>The same connections, ledger and health, with other models, all of the first provider.</summary>
    public Routed With(IEnumerable<string> slugs, Func<string, ModelPrice> priceOf)
    {
        var other = new Routed(this);
        foreach (var slug in slugs) other.Model($"{endpoints.Keys.First()}:{slug}", context: 1_000_000, hold: NanoUsd.Zero, price: priceOf(slug));
        return other;
    }

    public CallTools Tools() => new(
        new RoutedParts(Decide, EndpointOf, Ledger, Health, PriceFormula.CostUsd) { RulesOf = RulesOf },
        Connections, Limits, new CallMetrics(Meters), Time, Log);

    public IChatClient Client(CallOrigin? origin = null, RouteWish? wish = null) =>
        new RoutedChatFactory(Tools()).For(origin ?? new CallOrigin(Guid.CreateVersion7(Time.GetUtcNow())), wish ?? new RouteWish("normal"));

    public Task<ChatResponse> AskAsync(string prompt = "Why?", CancellationToken ct = default) => Client().GetResponseAsync([new(ChatRole.User, prompt)], null, ct);

    public async Task<List<ChatResponseUpdate>> StreamAsync(CancellationToken ct = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in Client().GetStreamingResponseAsync([new(ChatRole.User, "Why?")], null, ct)) updates.Add(update);
        return updates;
    }

    RoutingDecision Decide(RoutingRequest request)
    {
        lock (Requests) Requests.Add(request);
        var usable = candidates.Where(c => !request.Tried.Contains((c.Model.Provider, c.Model.Slug)) && (c.Model.ContextTokens is not { } context || context >= request.InputTokens))
            .Select(c => c.Hold != NanoUsd.Zero ? c : c with { Hold = NanoUsd.Ceiling(PriceFormula.MostUsd(c.Model.Price!, request.InputBytes, c.MaxTokens, request.Images)) }).ToList();
        return usable.Count > 0 ? new RoutingDecision.Chosen("normal", 3, usable, ["It is the policy's."], 0.5)
            : new RoutingDecision.Nobody("no_usable_model", "None is left.");
    }

    public async ValueTask DisposeAsync()
    {
        if (owner is not null) return;
        Connections.Dispose();
        await services.DisposeAsync();
    }
}

/// <summary>Keeps what was logged.</summary>
sealed class LinesLogger : ILogger<RoutedChat>
{
    readonly System.Collections.Concurrent.ConcurrentQueue<string> lines = [];

    public IReadOnlyList<string> Lines => [.. lines];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
}
