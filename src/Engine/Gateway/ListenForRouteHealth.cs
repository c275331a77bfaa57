using Dapper;
using Engine.Database;
using Engine.Tasks;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>Hears that a breaker has changed, over a session of its own. Only a hint: without it the table is looked at every second.</summary>
public sealed class ListenForRouteHealth(ReservedConnections connections, TasksSettings settings, RouteHealth health, TimeProvider time, ILogger<ListenForRouteHealth> log) : BackgroundService
{
    static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(8);
    static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    const int ProbeSeconds = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Listen) return; // behind a transaction pooler
        await Task.Yield();
        var isFailing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await connections.OpenAsync(throughPooler: false, stoppingToken);
                connection.Notification += (_, _) => health.Wake();
                await connection.ExecuteAsync(new CommandDefinition($"listen {Breakers.Channel}", commandTimeout: ProbeSeconds, cancellationToken: stoppingToken));
                isFailing = false;
                while (true)
                    if (!await connection.WaitAsync(ProbeEvery, stoppingToken))
                        await connection.ExecuteAsync(new CommandDefinition("select 1", commandTimeout: ProbeSeconds, cancellationToken: stoppingToken));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.HealthListenLost(e);
                isFailing = true;
                await Task.Delay(AfterFailure, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
