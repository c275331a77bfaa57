using Chaos.Kinds;
using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>
/// I1: what a committed filing has filed ends or stays runnable; a filing whose commit is not known has filed all of its tasks
/// or none, a refused one none. Once all is healed and drained nothing that could run is left.
/// </summary>
public sealed class NothingIsLost : IInvariant
{
    public string Name => "I1";

    public string Promise => "nothing is lost, nothing is half filed";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var tasks = history.Tables.Tasks.ToDictionary(t => t.TaskId);
        var live = history.Tables.Live.ToLookup(l => l.TaskId);
        var ended = history.Tables.Attempts.Where(a => a.FinalState is not null && !a.IsReopened).Select(a => a.TaskId).ToHashSet();
        var byTag = history.Tables.Tasks.Where(t => t.Tag is not null).ToLookup(t => t.Tag!);

        foreach (var filing in history.Filings)
        {
            var there = byTag[filing.Tag].Count();
            if (filing.Commit == Commit.Done && there != filing.Fresh)
                found.Add(new Violation(Name, null, $"filing {filing.Tag} was told that {filing.Fresh} tasks are new; {there} are there"));
            if (filing.Commit == Commit.Refused && there != 0)
                found.Add(new Violation(Name, null, $"filing {filing.Tag} was refused ({filing.Error}); {there} of its tasks are there"));
            if (filing.Commit == Commit.Unknown && filing.Asked >= 0 && there != 0 && there != filing.Asked)
                found.Add(new Violation(Name, null, $"filing {filing.Tag} of unknown outcome filed {there} of {filing.Asked} tasks"));
            found.AddRange(filing.TaskIds.Where(id => !tasks.ContainsKey(id)).Select(id => new Violation(Name, id, $"filing {filing.Tag} was told of it; it is not there")));
        }
        var known = history.Filings.Select(f => f.Tag).Append(TickDuty.Tag).ToHashSet();
        found.AddRange(byTag.Where(g => !known.Contains(g.Key)).Select(g => new Violation(Name, g.First().TaskId, $"nobody filed {g.Key}")));
        foreach (var task in history.Tables.Tasks)
        {
            var places = live[task.TaskId].ToArray();
            if (places.Length == 0 && !ended.Contains(task.TaskId)) found.Add(new Violation(Name, task.TaskId, $"of kind {task.Kind} is neither alive nor ended"));
            if (places.Length > 1) found.Add(new Violation(Name, task.TaskId, $"is in {string.Join(" and ", places.Select(p => p.Place))}"));
            if (places.Length > 0 && ended.Contains(task.TaskId)) found.Add(new Violation(Name, task.TaskId, $"has ended and is {places[0].Place}"));
            found.AddRange(places.Where(p => MustHaveEnded(p, history)).Select(p => new Violation(Name, task.TaskId, $"of kind {task.Kind} is still {p.Place} (epoch {p.Epoch}) after everything was healed")));
        }
        found.AddRange(live.Where(l => !tasks.ContainsKey(l.Key)).Select(l => new Violation(Name, l.Key, $"is {l.First().Place} without a task")));
        return (history.Tables.Tasks.Count + history.Filings.Count, found);
    }

    static bool MustHaveEnded(LiveLine line, History history) => history.IsDrained && line.Place switch
    {
        // A parent that lives on answers for itself.
        "waiting" => line.Failed == 0 && !history.Tables.Edges.Any(e => e.ChildId == line.TaskId && history.Tables.Live.Any(l => l.TaskId == e.ParentId)),
        "gated" or "parked" => false, // for a person
        _ => true,
    };
}
