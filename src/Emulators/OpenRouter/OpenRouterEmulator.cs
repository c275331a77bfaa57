using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Builder;

namespace Emulators.OpenRouter;

/// <summary>
/// A stand-in for OpenRouter: a real HTTP server on the loopback address that speaks its wire, faults included, bills exactly, and keeps
/// books that can be compared with anybody's.
/// </summary>
public sealed class OpenRouterEmulator : IAsyncDisposable
{
    readonly WebApplication app;
    readonly EmulatorParts parts;

    OpenRouterEmulator(WebApplication app, EmulatorParts parts) => (this.app, this.parts) = (app, parts);

    /// <summary>Where it listens, such as <c>http://127.0.0.1:4711/</c>.</summary>
    public Uri Url => new(app.Urls.First());

    /// <summary>What a client is given as OpenRouter's address: the base of all its paths.</summary>
    public Uri BaseUrl => new(Url, "/api/v1");

    public Ledger Ledger => parts.Ledger;

    public ModelCatalog Catalog => parts.Catalog;

    public FaultRules Faults => parts.Faults;

    public Rules Rules => parts.Rules;

    public Keys Keys => parts.Keys;

    /// <exception cref="IOException">The port is taken.</exception>
    /// <exception cref="FormatException">A rule cannot be.</exception>
    public static async Task<OpenRouterEmulator> StartAsync(OpenRouterOptions options, CancellationToken ct)
    {
        var catalog = new ModelCatalog(BuiltInModels.All.Concat(GeneratedModels.Of(options.GeneratedModels)));
        if (options.ListsFaultModels)
            foreach (var kind in FaultKind.All) catalog.Put(Slug.OfFault(catalog, $"emulator/fault-{kind.Name}"));
        var rules = new Rules();
        rules.Replace(options.Rules);
        var parts = new EmulatorParts(options, catalog, new Ledger(options.LedgerCapacity, options.Time), new Keys(options.Keys, options.CreditsUsd), new Activity(),
            new FaultRules(), rules, new PromptCache(options.Time, options.CacheFor, options.LeastCachedTokens));
        var app = EmulatorServer.Build(options.Port);
        app.Use(LoopbackOnly.RunAsync);
        new EmulatorRoutes(parts).Map(app);
        try
        {
            await app.StartAsync(ct);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new OpenRouterEmulator(app, parts);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }
}
