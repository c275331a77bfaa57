using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I2: of all that attempts of a task reported, at most one end is in force, it is the report of that very attempt, and every earlier one was reopened.</summary>
public sealed class OneFinishCounts : IInvariant
{
    public string Name => "I2";

    public string Promise => "at most one accepted finish per task";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var finals = history.Tables.Attempts.Where(a => a.FinalState is not null).ToArray();
        foreach (var task in finals.Where(a => !a.IsReopened).GroupBy(a => a.TaskId).Where(g => g.Count() > 1))
            found.Add(new Violation(Name, task.Key, $"ended {task.Count()} times: {string.Join(", ", task.OrderBy(a => a.Epoch).Select(a => $"{a.FinalState} in epoch {a.Epoch}"))}"));
        foreach (var end in finals.Where(a => a.ResultEpoch is not null && a.ResultEpoch != a.Epoch))
            found.Add(new Violation(Name, end.TaskId, $"epoch {end.Epoch} was ended with the result of epoch {end.ResultEpoch}"));
        foreach (var end in history.Tables.Attempts.Where(a => a is { IsReopened: true, FinalState: null or "succeeded" }))
            found.Add(new Violation(Name, end.TaskId, $"epoch {end.Epoch} ended as {end.Outcome} and was reopened: only what failed can be"));
        var returned = history.Of(WorldEventKind.Returned).Where(e => e.Detail == "succeeded").Select(e => (e.TaskId, e.Epoch)).ToHashSet();
        foreach (var end in finals.Where(a => a is { FinalState: "succeeded", ResultEpoch: not null } && !returned.Contains((a.TaskId, a.Epoch))))
            found.Add(new Violation(Name, end.TaskId, $"epoch {end.Epoch} succeeded, but its handler never said so"));
        return (finals.Length, found);
    }
}
