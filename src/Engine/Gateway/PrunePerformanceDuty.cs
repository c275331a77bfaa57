using System.Globalization;
using Engine.Schedules;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>Deletes windows of what was seen of models when they have served their time.</summary>
public sealed class PrunePerformanceDuty(PrunePerformance prune) : IScheduledDuty
{
    public string Name => "prune_performance";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var deleted = await prune.RunAsync(ct);
        return string.Create(CultureInfo.InvariantCulture, $"Deleted {deleted} windows of what was seen of models.");
    }
}
