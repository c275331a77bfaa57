namespace Engine.Tests.Tasks.Model;

/// <summary>
/// What a worker does with one task. It acts on what it believes; the database and the outside answer by the fence (task, epoch), and a
/// refused worker drops the task. Only before a call to a blind outside does it look at its own clock: everywhere else the fence alone must
/// do, for a process may freeze between that look and the act.
/// </summary>
public sealed class WorkActions(Bounds bounds, Bug bug)
{
    readonly Family family = new(bounds, bug);

    public void Add(in ModelState state, int worker, int task, List<Move> moves)
    {
        var (self, row) = (state.Worker(worker), state.Task(task));
        var hold = self[task];
        if (hold.Phase == Phase.Calling) // it is on its way, whatever becomes of the process
            moves.Add(new(Said(Act.Lands), state.With(worker, task, hold with { Phase = Phase.Started })));
        if (!self.IsActing) return;
        switch (hold.Phase)
        {
            case Phase.None:
                AddClaim(state, worker, task, self, row, moves);
                break;
            case Phase.Prefetched:
                if (!self.IsBusy && self.IsUp)
                    moves.Add(new(Said(Act.Start), state.With(worker, task, hold with { Phase = Phase.Started })));
                break;
            case Phase.Started:
                AddRun(state, worker, task, row, hold, moves);
                break;
            case Phase.Unsure or Phase.CountedOpen or Phase.CountedDone:
                AddFinish(state, worker, task, row, hold, moves);
                break;
        }
        if (self.Process == Process.Draining && hold.Phase is Phase.Prefetched or Phase.Started)
            moves.Add(Fenced(state, Said(Act.Return), hold, row.Leave(Table.Ready)));

        Step Said(Act act) => new(act, (sbyte)worker, (sbyte)task, hold.Epoch);
    }

    void AddClaim(in ModelState state, int worker, int task, Worker self, TaskRow row, List<Move> moves)
    {
        if (row.In == Table.Lease && row.Holder == worker + 1 && bug != Bug.LostClaimForgotten)
            moves.Add(new(new(Act.Adopt, (sbyte)worker, (sbyte)task, row.Epoch), state.With(worker, task, HoldOn(row))));
        if (row.In != Table.Ready || !self.IsUp || !self.IsAlive || self.Held >= bounds.Slots) return;

        var claimed = row with
        {
            In = Table.Lease, Holder = (byte)(worker + 1), Epoch = (byte)(row.Epoch + 1), Claims = (byte)(row.Claims + 1),
        };
        var after = state.With(task, claimed);
        moves.Add(new(new(Act.Claim, (sbyte)worker, (sbyte)task, claimed.Epoch), after.With(worker, task, HoldOn(claimed))));
        if (bounds.Allow(Troubles.LostReply))
            moves.Add(new(new(Act.ClaimReplyLost, (sbyte)worker, (sbyte)task, claimed.Epoch), after));
    }

    /// <summary>With one slot a claimed task starts at once; with more it is prefetched.</summary>
    Hold HoldOn(TaskRow row) => new(bounds.Slots > 1 ? Phase.Prefetched : Phase.Started, row.Epoch, row.Claims, row.Answered);

    void AddRun(in ModelState state, int worker, int task, TaskRow row, Hold hold, List<Move> moves)
    {
        if (bounds.Gate && hold.Answered == 0)
        {
            AddGate(state, worker, task, row, hold, moves);
        }
        else if (bounds.Gate && !row.Approved.Has(hold.Answered))
        {
            moves.Add(Fenced(state, Said(Act.Refuse), hold, row.Leave(Table.Parked, Reason.Refused)));
        }
        else
        {
            AddEffect(state, worker, task, row, hold, moves);
            if (bug == Bug.SiblingsCountedInSnapshot && bounds.IsParent(task))
            {
                var phase = (task == 0 ? state.Task2 : state.Task1).Succeeded ? Phase.CountedDone : Phase.CountedOpen;
                moves.Add(new(Said(Act.CountSiblings), state.With(worker, task, hold with { Phase = phase })));
            }
            else
            {
                AddFinish(state, worker, task, row, hold, moves);
            }
        }

        var failures = (byte)(row.Failures + 1);
        var isLast = failures >= bounds.Failures;
        var failed = row.Leave(isLast ? Table.Parked : Table.Due, isLast ? Reason.Failed : Reason.None) with { Failures = failures };
        moves.Add(Fenced(state, Said(Act.Fail), hold, failed));
        if (row.Snoozes < bounds.Snoozes)
        {
            var snoozed = row.Leave(Table.Due) with { Snoozes = (byte)(row.Snoozes + 1) };
            if (bug == Bug.SnoozeTakesEpochBack) snoozed = snoozed with { Epoch = (byte)Math.Max(0, row.Epoch - 1) };
            moves.Add(Fenced(state, Said(Act.Snooze), hold, snoozed));
        }

        Step Said(Act act) => new(act, (sbyte)worker, (sbyte)task, hold.Epoch);
    }

    void AddEffect(in ModelState state, int worker, int task, TaskRow row, Hold hold, List<Move> moves)
    {
        var said = new Step(Act.Effect, (sbyte)worker, (sbyte)task, hold.Epoch);
        if (bug == Bug.EffectWithoutStillOwner)
            moves.Add(new(said, state));
        else if (!bounds.BlindOutside)
            moves.Add(Fenced(state, said, hold, row, goesOn: hold));
        else if (state.Worker(worker).Age == LeaseAge.Fresh || bug == Bug.CallPastTwoThirds)
            moves.Add(Fenced(state, said with { Act = Act.Call }, hold, row, goesOn: hold with { Phase = Phase.Calling }));
    }

    /// <summary>The card goes out first, so that a decision may come before the task waits for it.</summary>
    void AddGate(in ModelState state, int worker, int task, TaskRow row, Hold hold, List<Move> moves)
    {
        var epoch = hold.Epoch;
        if (!row.Asked.Has(epoch))
        {
            var asked = row with { Asked = row.Asked.With(epoch) };
            moves.Add(Fenced(state, new(Act.Ask, (sbyte)worker, (sbyte)task, epoch), hold, asked, goesOn: hold));
            return;
        }
        var decided = bug == Bug.DecisionBoundToTask && row.Approved.Last > 0 ? row.Approved.Last : epoch;
        var isDecided = row.Approved.Has(decided) || row.Rejected.Has(decided);
        var waiting = isDecided ? row.Leave(Table.Ready) with { Answered = decided } : row.Leave(Table.Gated);
        moves.Add(Fenced(state, new(Act.Wait, (sbyte)worker, (sbyte)task, epoch), hold, waiting));
    }

    void AddFinish(in ModelState state, int worker, int task, TaskRow row, Hold hold, List<Move> moves)
    {
        var said = new Step(Act.Finish, (sbyte)worker, (sbyte)task, hold.Epoch);
        var isAccepted = bug switch
        {
            Bug.FinishGuardedByState => row.In == Table.Lease,
            Bug.FinishGuardedByWorkerName => row.In == Table.Lease && Host(row.Holder - 1) == Host(worker),
            Bug.FinishIgnoresFence => true,
            _ => Owns(row, hold),
        };
        if (!isAccepted)
        {
            moves.Add(new(said with { Refused = true }, state.With(worker, task, default)));
            return;
        }
        var finished = row.Leave(Table.Ended, Reason.Succeeded) with { Finishes = (byte)(row.Finishes + 1) };
        var after = family.AfterSuccess(state.With(task, finished), task, hold.Phase);
        moves.Add(new(said, after.With(worker, task, default)));
        if (!bounds.Allow(Troubles.LostReply) || hold.Phase != Phase.Started) return;

        var unsure = hold with { Phase = Phase.Unsure };
        moves.Add(new(said with { Act = Act.FinishReplyLost }, after.With(worker, task, unsure)));
        moves.Add(new(said with { Act = Act.FinishNeverArrives }, state.With(worker, task, unsure)));
    }

    /// <param name="goesOn">What the worker holds when it is not refused; nothing, since most steps end the claim.</param>
    Move Fenced(in ModelState state, Step said, Hold hold, TaskRow becomes, Hold goesOn = default)
    {
        if (!Owns(state.Task(said.Task), hold)) return new(said with { Refused = true }, state.With(said.Worker, said.Task, default));
        var after = state.With(said.Task, becomes);
        if (becomes.Hopeless) after = family.AfterLoss(after, said.Task);
        return new(said, after.With(said.Worker, said.Task, goesOn));
    }

    /// <summary>The fence: the lease row (task, epoch) is there, and the transaction removes that row or none.</summary>
    static bool Owns(TaskRow row, Hold hold) => row.In == Table.Lease && row.Epoch == hold.Epoch;

    static int Host(int worker) => worker == ModelState.Successor ? 0 : worker;
}
