using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;
using Routing.Providers.Wire;
using Routing.Selection;
using Support;
using Support.Money;

namespace Routing.Tests.Calls;

/// <summary>Routed calls with a plain decision: the models of a test, in its order, at one price.</summary>
sealed class Routed : IAsyncDisposable
{
    public static readonly ModelPrice Price = new(0.000001m, 0.000002m);

    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly CallField field;
    readonly Spender spender;
    readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    readonly Dictionary<string, ProviderEndpoint> endpoints = [];
    readonly List<Candidate> candidates = [];

    /// <param name="breakers">Null: however often calls fail, nothing stands still; tests of the wire fail often.</param>
    /// <param name="spender">Null: the field's own.</param>
    /// <param name="tenant">Whose budget the calls fall under; null: nobody's.</param>
    public Routed(CallField field, CallLimits? limits = null, TimeProvider? time = null, BreakerSettings? breakers = null, Spender? spender = null, string? tenant = null,
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null)
    {
        (this.field, this.spender, Limits, Time, Tenant) = (field, spender ?? field.Spender, limits ?? new CallLimits(), time ?? TimeProvider.System, tenant);
        Connections = new WireConnections(Limits.Connect, connect);
        breakers ??= new BreakerSettings { LeastFailures = int.MaxValue };
        Health = new RouteHealth(new Breakers(field.Db.Source, Time, breakers), breakers, Time, new PerformanceMetrics(Meters), NullLogger<RouteHealth>.Instance);
    }

    /// <summary>Its calls are told from those of others by it.</summary>
    public string Worker { get; } = $"worker:{Spender.Id():N}";

    public string? Tenant { get; }

    public CallLimits Limits { get; }

    public TimeProvider Time { get; }

    public RouteHealth Health { get; }

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

    public CallTools Tools() => new(
        new RoutedParts(Decide, EndpointOf, spender.Ledger, Health, PriceFormula.CostUsd) { RulesOf = RulesOf },
        Connections, Limits, new CallMetrics(Meters), Time, Log);

    public CallOrigin Origin() => new(Spender.Id(), Tenant: Tenant, Worker: Worker);

    public IChatClient Client(CallOrigin? origin = null, RouteWish? wish = null) => new RoutedChatFactory(Tools()).For(origin ?? Origin(), wish ?? new RouteWish("normal"));

    public IEmbeddingGenerator<string, Embedding<float>> Generator() => new RoutedChatFactory(Tools()).EmbeddingsFor(Origin(), new RouteWish("normal"));

    public Task<ChatResponse> AskAsync(string prompt = "Why?", CancellationToken ct = default) => Client().GetResponseAsync([new(ChatRole.User, prompt)], null, ct);

    public async Task<List<ChatResponseUpdate>> StreamAsync(CancellationToken ct = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in Client().GetStreamingResponseAsync([new(ChatRole.User, "Why?")], null, ct)) updates.Add(update);
        return updates;
    }

    /// <summary>Its calls in the order in which they were entered, when the ends of all that have ended are written.</summary>
    public async Task<IReadOnlyList<CallRow>> CallsAsync()
    {
        await spender.Ledger.FlushAsync(CancellationToken.None).WaitAsync(Soon);
        return await field.CallsAsync(Worker);
    }

    /// <summary>Its only call.</summary>
    public async Task<CallRow> CallAsync() => Assert.Single(await CallsAsync());

    /// <summary>When the provider's name for its only call is in the table: the answer's headers are there.</summary>
    public Task HeadersAsync() => Eventually.TrueAsync(async () => await field.CallsAsync(Worker) is [{ GenerationId: not null }], Soon, "the headers");

    /// <summary>Lets a model stand still, as it does after failures.</summary>
    public void StandStill(string provider, string model)
    {
        for (var i = 0; i < new BreakerSettings().LeastFailures; i++) Health.Ended(provider, model, "failed", "timeout", TimeSpan.Zero);
        Assert.Contains((provider, model), Health.Standing().Keys);
    }

    /// <summary>Lets a model stand still and then be tried by one call of this process.</summary>
    public async Task LetTryAsync(string provider, string model, ManualTime clock)
    {
        StandStill(provider, model);
        await Health.RunOnceAsync(CancellationToken.None);
        clock.Advance(new BreakerSettings().FirstPause * 1.5);
        Health.MayCall("another", model); // this process makes calls
        await Health.RunOnceAsync(CancellationToken.None);
        Assert.True(await IsTriedAsync(provider, model));
    }

    /// <summary>Whether a process has the one try of a model, or is at it.</summary>
    public async Task<bool> IsTriedAsync(string provider, string model)
    {
        await Health.RunOnceAsync(CancellationToken.None);
        return await field.ScalarAsync<bool>("select probe_ticket is not null from routing_breakers where provider = @provider and model = @model", new { provider, model });
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
