namespace Engine.Tests.Tasks.Model;

public enum Invariant { I1, I2, I3, I4, I5, I6, I7 }

/// <summary>What must hold in every state and at every step. I1 is about all paths: <see cref="Explorer"/> checks it.</summary>
/// <param name="only">The one to check, or null for all.</param>
public sealed class Invariants(Bounds bounds, Invariant? only)
{
    public static string Sentence(Invariant invariant) => invariant switch
    {
        Invariant.I1 => "a filed task can always still end, without luck, as long as somebody works",
        Invariant.I2 => "a task has one accepted finish, and what has ended stays ended",
        Invariant.I3 => "no effect and no transition is accepted from a claim that is over",
        Invariant.I4 => "epochs grow with each claim and never go back",
        Invariant.I5 => "a gate has one decision and opens by that of its own epoch",
        Invariant.I6 => "a child starts after all its parents succeeded, and is released once",
        _ => "failures, losses and attempts are counted once each and never for each other",
    };

    public bool Asks(Invariant invariant) => only is null || only == invariant;

    /// <returns>The first invariant that the step or the state after it breaks; null when all hold.</returns>
    public Invariant? Broken(in ModelState before, Step step, in ModelState after)
    {
        for (var task = 0; task < bounds.Tasks; task++)
        {
            var (from, to) = (before.Task(task), after.Task(task));
            if (from == to && step.Task != task) continue;
            if (Asks(Invariant.I2) && !FinishesOnce(from, to)) return Invariant.I2;
            if (Asks(Invariant.I4) && !EpochGrows(from, step, to)) return Invariant.I4;
            if (Asks(Invariant.I5) && !OpensByItsOwnDecision(from, to)) return Invariant.I5;
            if (Asks(Invariant.I7) && !CountsRight(from, step, to)) return Invariant.I7;
        }
        if (Asks(Invariant.I3) && step.IsAcceptedFromWorker && !IsOwner(before, step)) return Invariant.I3;
        if (Asks(Invariant.I6) && bounds.Dag && !ParentsFirst(after)) return Invariant.I6;
        return null;
    }

    static bool FinishesOnce(TaskRow from, TaskRow to) => to.Finishes <= 1 && (from.In != Table.Ended || to.In == Table.Ended);

    static bool IsOwner(in ModelState before, Step step)
    {
        var (task, hold) = (before.Task(step.Task), before.Worker(step.Worker)[step.Task]);
        return task.In == Table.Lease && task.Claims == hold.Claim;
    }

    static bool EpochGrows(TaskRow from, Step step, TaskRow to) =>
        to.Epoch >= from.Epoch && (!step.IsClaim || to.Epoch > from.Epoch);

    bool OpensByItsOwnDecision(TaskRow from, TaskRow to) =>
        to.Approved.Covers(from.Approved) && to.Rejected.Covers(from.Rejected) && !to.Approved.Meets(to.Rejected)
        && (to.Answered == from.Answered || to.Answered == 0 || to.Answered == from.Epoch)
        && (!bounds.Gate || !to.Succeeded || to.Approved.Has(to.Answered));

    static bool ParentsFirst(in ModelState state)
    {
        var child = state.Task3;
        var isReleased = child.In is Table.Ready or Table.Lease or Table.Due or Table.Gated || child.Succeeded;
        return child.Releases <= 1 && (!isReleased || (state.Task1.Succeeded && state.Task2.Succeeded));
    }

    bool CountsRight(TaskRow from, Step step, TaskRow to)
    {
        var ended = Epochs.UpTo(to.In == Table.Lease ? to.Epoch - 1 : to.Epoch);
        return IsCounted(from.Failures, to.Failures, step, Act.Fail) && IsCounted(from.Losses, to.Losses, step, Act.RescuerActs)
            && to.Failures <= bounds.Failures && to.Losses <= bounds.Losses
            && (to.Why != Reason.Failed || to.Failures == bounds.Failures)
            && (to.Why != Reason.Quarantined || to.Losses == bounds.Losses)
            && to.Attempts == ended;
    }

    static bool IsCounted(byte from, byte to, Step step, Act act) =>
        to == from || (to == from + 1 && step.Act == act) || (to == 0 && step.Act == Act.Redrive);
}
