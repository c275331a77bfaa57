using Chaos.Recorded;
using Engine.Tasks;

namespace Chaos.Invariants;

/// <summary>I5: each opening of a gate has one decision; every attempt after it sees that one, and a decision on another opening is refused.</summary>
public sealed class OneDecisionCounts : IInvariant
{
    public string Name => "I5";

    public string Promise => "one decision per opening of a gate";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var decided = history.Decisions.Where(d => d is { What: "decide", Commit: Commit.Done }).ToArray();
        // A redrive asks anew at every gate.
        var anew = history.Decisions.Where(d => d is { What: "redrive", Commit: not Commit.Refused }).Select(d => d.TaskId).ToHashSet();
        var gated = history.Tables.Attempts.Where(a => a.Outcome == "gated").Select(a => (a.TaskId, a.Epoch)).ToHashSet();
        foreach (var opening in decided.GroupBy(d => (d.TaskId, d.Gate, d.Epoch)))
        {
            if (opening.Count() > 1 && !(opening.Key.Epoch is null && anew.Contains(opening.Key.TaskId)))
                found.Add(new Violation(Name, opening.Key.TaskId, $"gate {opening.Key.Gate} of epoch {opening.Key.Epoch} was decided {opening.Count()} times: {string.Join(", ", opening.Select(d => $"{d.Decision} by {d.By}"))}"));
            if (opening.Key.Epoch is { } epoch && !gated.Contains((opening.Key.TaskId, epoch)))
                found.Add(new Violation(Name, opening.Key.TaskId, $"gate {opening.Key.Gate} was decided for epoch {epoch}, which did not end at a gate"));
        }
        var answers = history.Decisions.Where(d => d is { What: "decide", Commit: not Commit.Refused }).ToLookup(d => (d.TaskId, d.Gate));
        var saw = history.Of(WorldEventKind.Saw).ToArray();
        foreach (var seen in saw)
        {
            var parts = seen.Detail!.Split(':', 2); // gate:decision
            if (parts[1] != "expired" && !answers[(seen.TaskId, parts[0])].Any(d => d.Decision == parts[1]))
                found.Add(new Violation(Name, seen.TaskId, $"epoch {seen.Epoch} saw gate {parts[0]} {parts[1]}, which nobody had decided"));
        }
        foreach (var gate in saw.GroupBy(s => (s.TaskId, Gate: s.Detail!.Split(':', 2)[0])).Where(g => g.Select(s => s.Detail).Distinct().Count() > 1))
            if (gate.Key.Gate != OpenGate.TaskFault && !anew.Contains(gate.Key.TaskId))
                found.Add(new Violation(Name, gate.Key.TaskId, $"gate {gate.Key.Gate} was seen as {string.Join(" and as ", gate.Select(s => s.Detail).Distinct())}"));
        return (decided.Length + saw.Length, found);
    }
}
