using Emulators.OpenRouter;
using Routing.Catalog;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>
/// Sees to it, beside the engine's start, that there is a provider to begin with and that its models are known. Without any and without a key the engine plays
/// OpenRouter itself, each engine on its own loopback, until it stops; tried again for as long as the database or the provider is away.
/// </summary>
public sealed class FirstProvider(EnsureDefaultProvider ensure, SyncFirst sync, OwnEmulator own, RoutingSettings settings, TimeProvider time, ILogger<FirstProvider> log) : BackgroundService
{
    /// <summary>The last calls, of which the emulator can tell afterwards what they cost: an engine that runs for months shall not grow by them.</summary>
    const int EmulatedCalls = 10_000;

    static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(30);

    OpenRouterEmulator? emulator;
    bool isTold;

    /// <returns>False: there is more to do, later.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken ct)
    {
        if (await ensure.RunAsync(settings.OpenRouterKey, settings.OpenRouterUrl, settings.Emulate ? EmulateAsync : null, ct) is not { } provider) return true;
        if (provider.Name == EnsureDefaultProvider.Emulator && !isTold) log.Emulated($"{own.BaseUrl}");
        isTold = true;
        return await sync.RunAsync(provider.Name, ct);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        own.BaseUrl = null;
        if (emulator is not null) await emulator.DisposeAsync();
        emulator = null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait
        var pause = FirstPause;
        for (var isFailing = false; !stoppingToken.IsCancellationRequested; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                if (await RunOnceAsync(stoppingToken)) return;
                isFailing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // whatever it is: the engine works without a provider, and the next try may go better
            {
                if (!isFailing) log.NoProviderYet(e);
                isFailing = true;
            }
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task<Uri> EmulateAsync(CancellationToken ct)
    {
        emulator ??= await OpenRouterEmulator.StartAsync(new OpenRouterOptions { Time = time, LedgerCapacity = EmulatedCalls, HasControl = false }, ct);
        return own.BaseUrl = emulator.BaseUrl;
    }
}
