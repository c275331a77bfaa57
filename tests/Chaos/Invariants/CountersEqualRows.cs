using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>I10: what is counted or kept beside the tasks says what their rows say: parents, dedup keys, slots, attempts, what workers hold.</summary>
public sealed class CountersEqualRows : IInvariant
{
    const int HasDedupKey = 2, NeedsSlot = 4;

    public string Name => "I10";

    public string Promise => "counters equal rows";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var tables = history.Tables;
        Violation[] found = [.. Parents(tables), .. DedupKeys(tables), .. Slots(tables), .. Attempts(tables), .. Workers(tables)];
        return (tables.Live.Count + tables.Keys.Count + tables.Slots.Count + tables.Tasks.Count, found);
    }

    IEnumerable<Violation> Parents(EndTables tables)
    {
        var edges = tables.Edges.ToLookup(e => e.ChildId);
        var ends = tables.Attempts.Where(a => a is { FinalState: not null, IsReopened: false }).GroupBy(a => a.TaskId).ToDictionary(g => g.Key, g => g.First().FinalState);
        foreach (var waiting in tables.Live.Where(l => l.Place == "waiting"))
        {
            var (open, failed) = (edges[waiting.TaskId].Count(e => e.Settled != "succeeded"), edges[waiting.TaskId].Count(e => e.Settled == "failed"));
            if ((open, failed) != (waiting.Open, waiting.Failed))
                yield return new Violation(Name, waiting.TaskId, $"waits for {waiting.Open} parents, {waiting.Failed} failed; its edges say {open} and {failed}");
        }
        foreach (var edge in tables.Edges)
        {
            var expected = ends.TryGetValue(edge.ParentId, out var end) ? end == "succeeded" ? "succeeded" : "failed" : null;
            if (edge.Settled != expected)
                yield return new Violation(Name, edge.ChildId, $"its edge to {edge.ParentId} is settled as {edge.Settled ?? "open"}; that parent is {end ?? "alive"}");
        }
    }

    IEnumerable<Violation> DedupKeys(EndTables tables)
    {
        var live = tables.Live.DistinctBy(l => l.TaskId).ToDictionary(l => l.TaskId);
        var tasks = tables.Tasks.ToDictionary(t => t.TaskId);
        foreach (var key in tables.Keys.Where(k => !live.ContainsKey(k.TaskId) || tasks.GetValueOrDefault(k.TaskId)?.DedupKey != k.DedupKey))
            yield return new Violation(Name, key.TaskId, $"holds the dedup key {key.DedupKey} without being alive under it");
        var held = tables.Keys.Select(k => k.TaskId).ToHashSet();
        foreach (var task in tables.Live.Where(l => (l.Flags & HasDedupKey) != 0 && !held.Contains(l.TaskId)))
            yield return new Violation(Name, task.TaskId, $"is {task.Place} with a dedup key that nobody holds");
    }

    IEnumerable<Violation> Slots(EndTables tables)
    {
        var live = tables.Live.DistinctBy(l => l.TaskId).ToDictionary(l => l.TaskId);
        var taken = tables.Slots.Where(s => s.TaskId is not null).ToArray();
        foreach (var slot in taken)
            if (!live.TryGetValue(slot.TaskId!.Value, out var task) || task.Place is not ("ready" or "leased") || (task.Flags & NeedsSlot) == 0)
                yield return new Violation(Name, slot.TaskId, $"has slot {slot.Slot} of {slot.ConcurrencyKey} and is {task?.Place ?? "not alive"}");
        foreach (var twice in taken.GroupBy(s => s.TaskId).Where(g => g.Count() > 1))
            yield return new Violation(Name, twice.Key, $"has {twice.Count()} slots");
        foreach (var task in tables.Live.Where(l => l.Place is "ready" or "leased" && (l.Flags & NeedsSlot) != 0 && taken.All(s => s.TaskId != l.TaskId)))
            yield return new Violation(Name, task.TaskId, $"is {task.Place} without the slot that it needs");
        foreach (var key in taken.GroupBy(s => s.ConcurrencyKey).Where(g => g.Count() > g.First().MaxRunning))
            yield return new Violation(Name, null, $"{key.Count()} tasks have slots of {key.Key}, which has {key.First().MaxRunning}");
    }

    /// <summary>Each claim ends once, and leaves one row.</summary>
    IEnumerable<Violation> Attempts(EndTables tables)
    {
        var live = tables.Live.ToLookup(l => l.TaskId);
        foreach (var task in tables.Attempts.GroupBy(a => a.TaskId))
        {
            var epochs = task.Select(a => a.Epoch).Order().ToArray();
            if (epochs.Where((epoch, i) => !Follows(epoch, i == 0 ? 0 : epochs[i - 1])).Any())
                yield return new Violation(Name, task.Key, $"has attempts of the epochs {string.Join(", ", epochs)}");
            foreach (var row in live[task.Key].Where(l => l.Place == "leased" ? !Follows(l.Epoch, epochs[^1]) : l.Epoch != epochs[^1]))
                yield return new Violation(Name, task.Key, $"is {row.Place} at epoch {row.Epoch}; {epochs.Length} attempts have ended");
        }
    }

    /// <summary>One higher, or the first of a timeline: after a failover epochs begin above all that the lost primary can have given.</summary>
    static bool Follows(long epoch, long earlier) => epoch == earlier + 1 || (epoch > earlier && epoch % (1L << 32) == 0);

    IEnumerable<Violation> Workers(EndTables tables)
    {
        var held = tables.Live.Where(l => l.WorkerId is not null).ToLookup(l => l.WorkerId!.Value);
        var workers = tables.Workers.ToDictionary(w => w.WorkerId);
        foreach (var worker in held.Where(h => !workers.TryGetValue(h.Key, out var row) || row.State is "offline" or "failed"))
            yield return new Violation(Name, worker.First().TaskId, $"is leased to worker {worker.Key}, which is gone");
    }
}
