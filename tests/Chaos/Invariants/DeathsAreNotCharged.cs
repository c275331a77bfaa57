using Chaos.Kinds;
using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>
/// I7: a task fails no more often than it may, the death of a worker is not among its failures, and what never fails by itself never fails.
/// A worker that was lost and is offline at the end had been frozen or cut off, and had not died.
/// </summary>
public sealed class DeathsAreNotCharged : IInvariant
{
    public string Name => "I7";

    public string Promise => "attempts within the limit, worker deaths not charged";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var living = history.Tables.Workers.Where(w => w.State == "offline").Select(w => (long?)w.WorkerId).ToHashSet();
        var kinds = history.Tables.Tasks.ToDictionary(t => t.TaskId, t => t.Kind);
        var resets = history.Decisions.Where(d => d.Commit != Commit.Refused && (d.What is "retry" or "redrive" || d is { What: "decide", Gate: "task_fault" }))
            .GroupBy(d => d.TaskId).ToDictionary(g => g.Key, g => g.Count());
        foreach (var task in history.AttemptsByTask.Where(t => kinds.GetValueOrDefault(t.Key)?.StartsWith(ChaosKinds.Prefix, StringComparison.Ordinal) == true))
        {
            var lives = 1 + resets.GetValueOrDefault(task.Key);
            var charged = task.Where(a => a.Fault is "transient" or "task_fault" or "persistent" && a.FinalState != "failed").ToArray();
            var lost = task.Where(a => a.Outcome == "lost" || a.Fault == "worker_lost").ToArray();
            var deaths = lost.Count(a => !living.Contains(a.WorkerId));
            if (charged.Length > ChaosKinds.MaxFailures * lives)
                found.Add(new Violation(Name, task.Key, $"failed {charged.Length} times in {lives} lives of {ChaosKinds.MaxFailures} each"));
            if (deaths > ChaosKinds.MaxLosses * lives)
                found.Add(new Violation(Name, task.Key, $"{deaths} workers died with it in {lives} lives of {ChaosKinds.MaxLosses} each"));
            if (task.Any(a => a is { FinalState: "dead", Fault: "worker_lost" }) && (lost.Length < ChaosKinds.MaxLosses || lost.DistinctBy(a => a.WorkerId).Count() < 2))
                found.Add(new Violation(Name, task.Key, $"was given up after {lost.Length} losses of {lost.DistinctBy(a => a.WorkerId).Count()} workers"));
            if (ChaosKinds.NeverFails(kinds[task.Key]) && charged.FirstOrDefault() is { } failed)
                found.Add(new Violation(Name, task.Key, $"of kind {kinds[task.Key]} was charged a failure in epoch {failed.Epoch}: {failed.Error}"));
        }
        foreach (var live in history.Tables.Live.Where(l => !resets.ContainsKey(l.TaskId) && kinds.ContainsKey(l.TaskId)))
        {
            var charged = history.Tables.Attempts.Count(a => a.TaskId == live.TaskId && a.Fault is "transient" or "task_fault" or "persistent");
            if (live.Failures != charged) found.Add(new Violation(Name, live.TaskId, $"says that it failed {live.Failures} times; {charged} attempts did"));
        }
        return (history.AttemptsByTask.Count(), found);
    }
}
