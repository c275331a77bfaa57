using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I4: an epoch belongs to one claim, and later claims have higher ones. Judged by when attempts told the world that they had begun.</summary>
public sealed class EpochsGrow : IInvariant
{
    public string Name => "I4";

    public string Promise => "epochs strictly grow";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var looked = 0;
        foreach (var task in history.Of(WorldEventKind.Started).GroupBy(e => e.TaskId))
        {
            foreach (var epoch in task.GroupBy(e => e.Epoch))
            {
                looked++;
                if (epoch.Count() > 1)
                    found.Add(new Violation(Name, task.Key, $"epoch {epoch.Key} began {epoch.Count()} times, in processes {string.Join(", ", epoch.Select(e => e.ProcessId))}"));
            }
        }
        foreach (var live in history.Tables.Live)
        {
            looked++;
            var begun = history.Tables.Attempts.Where(a => a.TaskId == live.TaskId).Select(a => a.Epoch).DefaultIfEmpty(0).Max();
            if (live.Place == "leased" ? live.Epoch <= begun : live.Epoch < begun)
                found.Add(new Violation(Name, live.TaskId, $"is {live.Place} at epoch {live.Epoch}; epoch {begun} has ended already"));
        }
        return (looked, found);
    }
}
