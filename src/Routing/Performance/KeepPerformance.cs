using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Routing.Performance;

/// <summary>Flushes what was counted every second, and once more when the process stops.</summary>
public sealed class KeepPerformance(RecordPerformance record, TimeProvider time, ILogger<KeepPerformance> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    const int LastTries = 3;

    bool isFailing;

    /// <returns>How many rows were written to.</returns>
    public Task<int> RunOnceAsync(CancellationToken ct) => record.FlushAsync(ct);

    /// <param name="cancellationToken">Fires when the stop must not take longer.</param>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        for (var left = LastTries; left > 0 && !await TryAsync(cancellationToken) && !cancellationToken.IsCancellationRequested; left--)
            await Task.Delay(Every, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The stop flushes once more.
        }
    }

    async Task<bool> TryAsync(CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ct);
            if (isFailing) log.FlushedAgain();
            isFailing = false;
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            if (!isFailing) log.NotFlushed(e);
            isFailing = true;
            return false;
        }
    }
}
