using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I8: while nothing is wrong, no task that could run waits longer than twice the poll floor beside a free slot.</summary>
public sealed class NothingWaitsWhileWorkersIdle : IInvariant
{
    /// <summary>Twice the second that workers sleep at most, and half a second for a look that comes late on a busy machine.</summary>
    public const double LongestSeconds = 2.5;

    public string Name => "I8";

    public string Promise => "no runnable task waits beside an idle worker";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var freeSince = long.MaxValue;
        foreach (var sample in history.Samples)
        {
            if (!sample.IsCalm || sample.FreeSlots == 0 || sample.OldestTask is null)
            {
                freeSince = long.MaxValue;
                continue;
            }
            freeSince = Math.Min(freeSince, sample.At);
            var beside = Math.Min(sample.OldestReady, (sample.At - freeSince) / 1e9);
            if (beside > LongestSeconds && found.All(v => v.TaskId != sample.OldestTask))
                found.Add(new Violation(Name, sample.OldestTask, $"has been ready for {sample.OldestReady:0.0} s, {beside:0.0} s of it beside {sample.FreeSlots} free slots"));
        }
        return (history.Samples.Count(s => s.IsCalm), found);
    }
}
