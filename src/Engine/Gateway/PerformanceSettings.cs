using System.ComponentModel;
using Engine.Hosting.Configuration;
using Routing.Learning;
using Routing.Performance;

namespace Engine.Gateway;

public sealed record PerformanceSettings : IChecked
{
    [Description("After which what was seen of a model counts half, 10 minutes to 7 days.")]
    public TimeSpan HalfLife { get; init; } = RecordSettings.Default.HalfLife;

    [Description("Calls of a model under a policy before another may pass it in the order, 1 to 10000.")]
    public int MinimumCalls { get; init; } = (int)RankSettings.Default.MinimumCalls;

    [Description("How long the order of a policy rests after a model moved, 0 to 1 day.")]
    public TimeSpan Dwell { get; init; } = RankSettings.Default.Dwell;

    [Description("Share of the calls that try the most promising other model, so that more is learned, 0 to 0.2; 0: none.")]
    public decimal ExploredShare { get; init; }

    [Description("US dollars by which a provider's bill for a day may differ from the ledger, or 1 % if that is more, before it is an alarm, 0 to 1000.")]
    public decimal DriftToleranceUsd { get; init; } = ReconcileSettings.Default.ToleranceUsd;

    public RecordSettings Records => RecordSettings.Default with { HalfLife = HalfLife };

    public RankSettings Ranks => RankSettings.Default with { MinimumCalls = MinimumCalls, Dwell = Dwell, ExploredShare = (double)ExploredShare };

    public ReconcileSettings Reconciling => ReconcileSettings.Default with { ToleranceUsd = DriftToleranceUsd };

    public IEnumerable<string> Problems()
    {
        if (HalfLife < TimeSpan.FromMinutes(10) || HalfLife > TimeSpan.FromDays(7)) yield return $"HalfLife must be from 00:10:00 to 7.00:00:00, is {HalfLife}";
        if (MinimumCalls is < 1 or > 10_000) yield return $"MinimumCalls must be from 1 to 10000, is {MinimumCalls}";
        if (Dwell < TimeSpan.Zero || Dwell > TimeSpan.FromDays(1)) yield return $"Dwell must be from 00:00:00 to 1.00:00:00, is {Dwell}";
        if (ExploredShare is < 0 or > (decimal)ExploreModels.MostShare) yield return $"ExploredShare must be from 0 to {ExploreModels.MostShare}, is {ExploredShare}";
        if (DriftToleranceUsd is < 0 or > 1000) yield return $"DriftToleranceUsd must be from 0 to 1000, is {DriftToleranceUsd}";
    }
}
