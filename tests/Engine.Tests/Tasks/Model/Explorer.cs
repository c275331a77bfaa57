using System.Globalization;

namespace Engine.Tests.Tasks.Model;

/// <summary>
/// Visits every state that any order of steps leads to, nearest first, so that the first broken invariant has a shortest trace. Then it
/// walks back from the settled states over the ordinary steps: a state that is not met, though somebody works there, has lost a task.
/// </summary>
public sealed class Explorer(Bounds bounds, Bug bug = Bug.None, Invariant? only = null)
{
    readonly Actions actions = new(bounds, bug);
    readonly Invariants invariants = new(bounds, only);
    readonly Dictionary<ModelState, int> found = [];
    readonly Queue<ModelState> frontier = [];
    readonly List<(int From, Step Step)> reachedBy = [];
    readonly List<bool> isSettled = [];
    readonly List<bool> isOwed = [];
    readonly List<(int From, int Next)> ordinary = []; // for each state a chain of the ordinary steps into it
    readonly List<int> lastInto = [];
    readonly HashSet<(Act, bool)> happened = [];

    public Exploration Run()
    {
        var moves = new List<Move>();
        Visit(ModelState.Initial(bounds), from: -1, default);
        for (var at = 0; frontier.TryDequeue(out var state); at++)
        {
            moves.Clear();
            actions.Add(state, moves);
            foreach (var (step, after) in moves)
            {
                if (invariants.Broken(state, step, after) is { } broken) return Result(broken, [.. Trace(at), step]);
                happened.Add((step.Act, step.Refused));
                var to = Visit(after.Forgotten(), at, step);
                if (step.IsOrdinary && to != at) AddOrdinary(at, to);
            }
        }
        return invariants.Asks(Invariant.I1) && FirstStuck() is { } stuck ? Result(Invariant.I1, Trace(stuck)) : Result(null, []);
    }

    int Visit(in ModelState state, int from, Step step)
    {
        if (found.TryGetValue(state, out var known)) return known;
        found.Add(state, found.Count);
        frontier.Enqueue(state);
        reachedBy.Add((from, step));
        lastInto.Add(-1);
        isSettled.Add(state.IsSettled);
        isOwed.Add(state.HasWorker);
        return found.Count - 1;
    }

    void AddOrdinary(int from, int to)
    {
        ordinary.Add((from, lastInto[to]));
        lastInto[to] = ordinary.Count - 1;
    }

    /// <returns>The nearest state from which no ordinary steps lead to a settled one.</returns>
    int? FirstStuck()
    {
        var canSettle = isSettled.ToArray();
        var open = new Stack<int>(Enumerable.Range(0, canSettle.Length).Where(i => canSettle[i]));
        while (open.TryPop(out var at))
        {
            for (var edge = lastInto[at]; edge >= 0; edge = ordinary[edge].Next)
            {
                var from = ordinary[edge].From;
                if (canSettle[from]) continue;
                canSettle[from] = true;
                open.Push(from);
            }
        }
        var stuck = Enumerable.Range(0, canSettle.Length).FirstOrDefault(i => isOwed[i] && !canSettle[i], -1);
        return stuck < 0 ? null : stuck;
    }

    List<Step> Trace(int at)
    {
        var steps = new List<Step>();
        for (; reachedBy[at].From >= 0; at = reachedBy[at].From) steps.Add(reachedBy[at].Step);
        steps.Reverse();
        return steps;
    }

    Exploration Result(Invariant? broken, IReadOnlyList<Step> steps) => new(broken, steps, found.Count, happened);
}

/// <param name="Broken">Null when everything was visited and everything holds.</param>
/// <param name="Steps">A shortest way to the broken invariant.</param>
/// <param name="Happened">The kinds of steps that were taken, accepted and refused ones.</param>
public sealed record Exploration(
    Invariant? Broken, IReadOnlyList<Step> Steps, int States, IReadOnlySet<(Act Act, bool Refused)> Happened)
{
    public string Trace => string.Join('\n', Steps);

    public override string ToString() => Broken is { } broken
        ? $"{broken} is broken ({Invariants.Sentence(broken)}) after:\n{Trace}"
        : string.Create(CultureInfo.InvariantCulture, $"{States:N0} states, all invariants hold");
}
