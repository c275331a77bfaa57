namespace Engine.Tasks;

/// <summary>
/// Sees to the tables of today before anything is filed, when the engine starts. Where that fails, tasks go to a table for all
/// other days and are moved when the schedule makes theirs.
/// </summary>
public sealed class MakePartitionsAtStart(KeepTaskPartitions partitions, TimeProvider time, ILogger<MakePartitionsAtStart> log) : IHostedService
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await partitions.MakeAsync(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            log.PartitionsMissing(e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
