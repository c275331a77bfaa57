namespace Engine.Database.Embedded;

/// <summary>Notices within a second that the server has died while the engine runs, and starts it again; keeps its log bounded.</summary>
public sealed class EmbeddedPostgresSupervisor(EmbeddedPostgres postgres, TimeProvider time, ILogger<EmbeddedPostgresSupervisor> log)
    : BackgroundService
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Look = TimeSpan.FromMilliseconds(250);
    const int LongestPauseDoublings = 5; // 32 s

    /// <returns>Whether the server was found dead and runs again.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken ct)
    {
        await postgres.PruneLogsAsync(ct);
        if (postgres.IsRunning || !await postgres.BringBackAsync(ct)) return false;
        log.ServerBroughtBack(postgres.DataFolder);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (true)
        {
            var pause = Pause * (1 << Math.Min(failures, LongestPauseDoublings));
            for (var waited = TimeSpan.Zero; waited < pause && (failures > 0 || postgres.IsRunning); waited += Look) await Task.Delay(Look, time, stoppingToken);
            try
            {
                await RunOnceAsync(stoppingToken);
                failures = 0;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures++;
                log.BringingBackFailed(e, Pause * (1 << Math.Min(failures, LongestPauseDoublings)));
            }
        }
    }
}
