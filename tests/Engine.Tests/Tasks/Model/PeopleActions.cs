namespace Engine.Tests.Tasks.Model;

/// <summary>What people and other programs ask for: filing, decisions, cancelling, redriving.</summary>
public sealed class PeopleActions(Bounds bounds, Bug bug)
{
    readonly Family family = new(bounds, bug);

    public void Add(in ModelState state, int task, List<Move> moves)
    {
        var row = state.Task(task);
        if (row.In == Table.Unfiled)
        {
            AddFiling(state, task, moves);
            return;
        }
        if (bounds.Gate) AddDecisions(state, task, row, moves);
        if (bounds.Allow(Troubles.Cancel) && row.In != Table.Ended)
        {
            // What nobody held ends under an epoch of its own, so that its end has a row among the attempts too.
            var taken = row.In == Table.Lease ? row : row with { Epoch = (byte)(row.Epoch + 1), ParentsFailed = 0 };
            var after = state.With(task, taken.Leave(Table.Ended, Reason.Cancelled));
            moves.Add(new(new(Act.Cancel, Task: (sbyte)task), row.Hopeless ? after : family.AfterLoss(after, task)));
        }
        if (row.In == Table.Parked && row.Redrives < bounds.Redrives)
        {
            var ready = row with
            {
                In = Table.Ready, Why = Reason.None, Failures = 0, Losses = 0, Answered = 0, Redrives = (byte)(row.Redrives + 1),
                Epoch = bug == Bug.RedriveResetsEpoch ? (byte)0 : row.Epoch,
            };
            moves.Add(new(new(Act.Redrive, Task: (sbyte)task), family.AfterRedrive(state.With(task, ready), task)));
        }
    }

    /// <summary>In order, since a parent that is not there is refused.</summary>
    void AddFiling(in ModelState state, int task, List<Move> moves)
    {
        if (task > 0 && state.Task(task - 1).In == Table.Unfiled) return;
        if (bug != Bug.ParentsCountedBeforeFiling || !bounds.IsChild(task))
            moves.Add(new(new(Act.File, Task: (sbyte)task), state.With(task, family.Filed(state, task))));
        else if (state.Pending.Read == Read.Nothing)
            moves.Add(new(new(Act.FilingCounts, Task: (sbyte)task, Epoch: Family.Open(state)),
                state with { Pending = new(Read.ParentsOfNewChild, (byte)task, Family.Open(state)) }));
    }

    /// <summary>Each card that was ever sent can be clicked at any time, and twice.</summary>
    void AddDecisions(in ModelState state, int task, TaskRow row, List<Move> moves)
    {
        for (byte card = 1; card <= row.Epoch; card++)
        {
            if (!row.Asked.Has(card)) continue;
            AddDecision(state, task, row, card, moves, Act.Approve);
            AddDecision(state, task, row, card, moves, Act.Reject);
        }
        if (row.In == Table.Gated)
            moves.Add(new(new(Act.GateExpires, Task: (sbyte)task, Epoch: row.Epoch),
                state.With(task, row with { In = Table.Ready, Answered = row.Epoch, Rejected = row.Rejected.With(row.Epoch) })));
    }

    void AddDecision(in ModelState state, int task, TaskRow row, byte card, List<Move> moves, Act act)
    {
        var said = new Step(act, Task: (sbyte)task, Epoch: card);
        var isSecond = row.Approved.Has(card) || row.Rejected.Has(card);
        var isLate = card != row.Epoch || row.In is not (Table.Lease or Table.Gated);
        if ((isSecond && bug != Bug.LastDecisionWins) || (isLate && bug != Bug.DecisionBoundToTask))
        {
            moves.Add(new(said with { Refused = true }, state));
            return;
        }
        var decided = act == Act.Approve
            ? row with { Approved = row.Approved.With(card), Rejected = row.Rejected.Without(card) }
            : row with { Rejected = row.Rejected.With(card), Approved = row.Approved.Without(card) };
        if (row.In == Table.Gated) decided = decided with { In = Table.Ready, Answered = card };
        moves.Add(new(said, state.With(task, decided)));
    }
}
