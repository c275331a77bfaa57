using System.Globalization;
using Engine.Schedules;
using Routing.Learning;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>The policies in force with their models, in the order that each says.</summary>
public delegate IReadOnlyList<PolicyToRank> PoliciesToRank();

/// <summary>Promotes and demotes models inside their policies, from what was seen of them.</summary>
public sealed class RankModelsDuty(PoliciesToRank policies, ReadRecords records, RankPolicies rank) : IScheduledDuty
{
    public string Name => "rank_models";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var ranked = policies();
        var moved = await rank.RunAsync(ranked, await records.RunAsync(ct), ct);
        return string.Create(CultureInfo.InvariantCulture, $"{ranked.Count} policies looked at, {moved} models moved.");
    }
}
