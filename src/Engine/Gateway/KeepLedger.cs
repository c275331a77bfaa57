using Routing.Budgets;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>Runs what the ledger of calls needs while the engine runs. Stopped late: tasks that are being stopped still close their calls.</summary>
sealed class KeepLedger(LedgerLoop loop, KeepBudgets keep) : IHostedService, IDisposable
{
    readonly CancellationTokenSource stop = new();
    Task running = Task.CompletedTask;

    public Task StartAsync(CancellationToken ct)
    {
        running = Task.WhenAll(Task.Run(() => loop.RunAsync(stop.Token), CancellationToken.None), Task.Run(() => keep.RunAsync(stop.Token), CancellationToken.None));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken ct)
    {
        await stop.CancelAsync();
        await running.WaitAsync(ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stop.Dispose();
}
