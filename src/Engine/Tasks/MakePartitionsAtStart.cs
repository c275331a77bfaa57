namespace Engine.Tasks;

/// <summary>Sees to the tables of today before the schedule does, when the engine starts. Without them tasks go to a table for all other days, and are moved later.</summary>
public sealed class MakePartitionsAtStart(KeepTaskPartitions partitions, TimeProvider time, ILogger<MakePartitionsAtStart> log) : BackgroundService
{
    const int Tries = 5;
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for it
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            try
            {
                await partitions.MakeAsync(stoppingToken);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.PartitionsMissing(e);
            }
            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
