using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I9: one fire time of a schedule is one fire and at most one task.</summary>
public sealed class FiresMakeOneTask : IInvariant
{
    public string Name => "I9";

    public string Promise => "a fire time yields at most one task";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var fires = history.Tables.Fires.Where(f => !f.IsManual).ToArray();
        var twice = fires.GroupBy(f => (f.Name, f.FireTime)).Where(g => g.Count() > 1)
            .Select(g => new Violation(Name, null, $"schedule {g.Key.Name} fired {g.Count()} times for {g.Key.FireTime}"));
        var tasks = history.Tables.Tasks.Where(t => t.FireTime is not null).GroupBy(t => t.FireTime).Where(g => g.Count() > 1)
            .Select(g => new Violation(Name, g.First().TaskId, $"is one of {g.Count()} tasks of the fire at {g.Key}"));
        return (fires.Length, [.. twice, .. tasks]);
    }
}
