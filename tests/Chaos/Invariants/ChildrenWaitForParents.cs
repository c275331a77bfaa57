using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I6: no child begins before every parent has reported its success, and that success was accepted.</summary>
public sealed class ChildrenWaitForParents : IInvariant
{
    public string Name => "I6";

    public string Promise => "no child starts before all its parents succeeded";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var succeeded = history.Tables.Attempts.Where(a => a is { FinalState: "succeeded", IsReopened: false }).ToLookup(a => a.TaskId);
        var said = history.Of(WorldEventKind.Returned).Where(e => e.Detail == "succeeded").ToLookup(e => (e.TaskId, e.Epoch));
        var begun = history.Of(WorldEventKind.Started).ToLookup(e => e.TaskId);
        foreach (var edge in history.Tables.Edges)
        {
            foreach (var child in begun[edge.ChildId])
            {
                if (succeeded[edge.ParentId].FirstOrDefault() is not { } end)
                    found.Add(new Violation(Name, edge.ChildId, $"epoch {child.Epoch} began; its parent {edge.ParentId} has not succeeded"));
                else if (said[(edge.ParentId, end.Epoch)].Any(p => p.ReceivedAt > child.ReceivedAt))
                    found.Add(new Violation(Name, edge.ChildId, $"epoch {child.Epoch} began before its parent {edge.ParentId} had succeeded"));
            }
        }
        return (history.Tables.Edges.Count, found);
    }
}
