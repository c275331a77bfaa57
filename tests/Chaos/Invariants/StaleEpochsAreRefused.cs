using Chaos.Recorded;

namespace Chaos.Invariants;

/// <summary>
/// I3: once a later attempt of a task has begun, or a person has ended the task, no earlier attempt is told that it still owns
/// it, has an effect or is the one that ends it. Judged by one monotonic clock: what was asked for after the later attempt had
/// told the world of itself.
/// </summary>
public sealed class StaleEpochsAreRefused : IInvariant
{
    public string Name => "I3";

    public string Promise => "no effect and no finish under an epoch that is over";

    public (int Checked, IReadOnlyList<Violation> Violations) Check(History history)
    {
        var found = new List<Violation>();
        var begun = history.Of(WorldEventKind.Started).ToLookup(e => e.TaskId);
        var ended = history.Decisions.Where(d => d is { What: "cancel" or "reassign", Commit: Commit.Done }).ToLookup(d => d.TaskId);
        var looked = 0;
        foreach (var happened in history.Events.Where(e => e.Kind is WorldEventKind.Owned))
        {
            looked++;
            if (begun[happened.TaskId].FirstOrDefault(s => s.Epoch > happened.Epoch && s.ReceivedAt < happened.SentAt) is { } later)
                found.Add(new Violation(Name, happened.TaskId, $"epoch {happened.Epoch} was told that it owned it ({happened.Detail}) {Ms(happened.SentAt - later.ReceivedAt)} after epoch {later.Epoch} had begun"));
            if (ended[happened.TaskId].FirstOrDefault(d => d.AnsweredAt < happened.SentAt && begun[happened.TaskId].Any(s => s.Epoch == happened.Epoch && s.ReceivedAt < d.SentAt)) is { } over)
                found.Add(new Violation(Name, happened.TaskId, $"epoch {happened.Epoch} was told that it owned it {Ms(happened.SentAt - over.AnsweredAt)} after it was ended by {over.What}"));
        }
        foreach (var task in history.Of(WorldEventKind.Effect).GroupBy(e => e.TaskId))
        {
            var highest = 0L;
            foreach (var effect in task.OrderBy(e => e.ReceivedAt))
            {
                looked++;
                if (effect.Accepted && effect.Epoch < highest)
                    found.Add(new Violation(Name, task.Key, $"an effect of epoch {effect.Epoch} was accepted after one of epoch {highest}"));
                highest = Math.Max(highest, effect.Epoch);
            }
            if (task.Select(e => e.Key).Distinct().Count() > 1)
                found.Add(new Violation(Name, task.Key, $"its attempts named {task.Select(e => e.Key).Distinct().Count()} idempotency keys for one effect"));
        }
        foreach (var task in history.AttemptsByTask)
        {
            var last = task.Max(a => a.Epoch);
            looked++;
            foreach (var end in task.Where(a => a is { FinalState: not null, IsReopened: false } && a.Epoch < last))
                found.Add(new Violation(Name, task.Key, $"epoch {end.Epoch} ended it as {end.FinalState}, and epoch {last} came after it"));
            foreach (var started in begun[task.Key].Where(s => task.Any(a => a is { FinalState: not null, IsReopened: false } && a.Epoch < s.Epoch)))
                found.Add(new Violation(Name, task.Key, $"epoch {started.Epoch} began although an earlier one had ended the task"));
        }
        return (looked, found);
    }

    static string Ms(long nanoseconds) => $"{nanoseconds / 1e6:0} ms";
}
