using System.Globalization;
using Engine.Schedules;

namespace Engine.Logs;

/// <summary>Every five minutes; fails when a source has stopped.</summary>
public sealed class SweepLogsDuty(SweepLogs sweep) : IScheduledDuty
{
    public string Name => "sweep_logs";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var swept = await sweep.RunAsync(ct);
        if (swept.Stopped.Count > 0) throw new DutyFailedException($"Log sources have stopped: {string.Join("; ", swept.Stopped)}.");
        return string.Create(CultureInfo.InvariantCulture, $"Deleted {swept.Counts} counts and {swept.Events} texts; forgot {swept.Forgotten} errors; all sources are read.");
    }
}
