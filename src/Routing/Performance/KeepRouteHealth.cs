using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Routing.Performance;

/// <summary>Keeps what this process knows of breakers and what the table says the same: every second, and at once when something was decided or told.</summary>
public sealed class KeepRouteHealth(RouteHealth health, TimeProvider time, ILogger<KeepRouteHealth> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    public Task<int> RunOnceAsync(CancellationToken ct) => health.RunOnceAsync(ct);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await health.LeaveAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.HealthNotKept(e);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isFailing = false;
        var changed = health.Changed.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.HealthNotKept(e);
                isFailing = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.WhenAny(isFailing ? Task.Delay(Every, time, stoppingToken) : Task.WhenAny(changed, Task.Delay(Every, time, stoppingToken)));
            if (!changed.IsCompleted) continue;
            while (health.Changed.Wait(0, CancellationToken.None)) { } // several changes, one pass
            changed = health.Changed.WaitAsync(stoppingToken);
        }
    }
}
