namespace Engine.Tests.Tasks.Model;

/// <summary>What no worker does for itself. A duty reads first and acts later, so it acts under the fence like everybody else.</summary>
public sealed class DutyActions(Bounds bounds, Bug bug)
{
    readonly Family family = new(bounds, bug);

    public void Add(in ModelState state, int task, List<Move> moves)
    {
        var row = state.Task(task);
        var isFree = state.Pending.Read == Read.Nothing;
        if (row.In == Table.Due)
            moves.Add(new(new(Act.Promote, Task: (sbyte)task), state.With(task, row with { In = Table.Ready })));
        if (isFree && row.In == Table.Lease && IsStale(state, row.Holder - 1))
            moves.Add(new(new(Act.RescuerSees, Task: (sbyte)task, Epoch: row.Epoch),
                state with { Pending = new(Read.StaleLease, (byte)task, row.Epoch) }));
        if (bug != Bug.ChildReleasedByResolver || !bounds.IsChild(task) || row.In != Table.Waiting || Family.Open(state) > 0) return;

        moves.Add(new(new(Act.ResolverReleases, Task: (sbyte)task), state.With(task, Family.Released(row))));
        if (isFree)
            moves.Add(new(new(Act.ResolverSees, Task: (sbyte)task), state with { Pending = new(Read.ReleasableChild, (byte)task, 0) }));
    }

    /// <summary>An engine acts on what it read some time ago.</summary>
    public void AddPending(in ModelState state, List<Move> moves)
    {
        var (read, task, number) = state.Pending;
        var row = state.Task(task);
        var done = state with { Pending = default };
        switch (read)
        {
            case Read.StaleLease:
                var said = new Step(Act.RescuerActs, Task: (sbyte)task, Epoch: number);
                moves.Add(bug == Bug.RescueById || (row.In == Table.Lease && row.Epoch == number)
                    ? new(said, Rescued(done, task, row))
                    : new(said with { Refused = true }, done));
                break;
            case Read.ReleasableChild:
                moves.Add(new(new(Act.ResolverActs, Task: (sbyte)task), done.With(task, Family.Released(row))));
                break;
            case Read.ParentsOfNewChild:
                moves.Add(new(new(Act.FilingCommits, Task: (sbyte)task), done.With(task, Family.Filed(number))));
                break;
        }
    }

    ModelState Rescued(in ModelState state, int task, TaskRow row)
    {
        if (bug == Bug.LossChargedAsFailure) row = row with { Failures = (byte)(row.Failures + 1) };
        var losses = (byte)(row.Losses + 1);
        if (losses < bounds.Losses) return state.With(task, row.Leave(Table.Ready) with { Losses = losses });
        return family.AfterLoss(state.With(task, row.Leave(Table.Parked, Reason.Quarantined) with { Losses = losses }), task);
    }

    bool IsStale(in ModelState state, int holder) => bug switch
    {
        Bug.ReusedIdentity when holder == 0 && state.Worker3.Process != Process.Unborn => !state.Worker3.IsAlive,
        Bug.PrunedWorkerHidesLeases => state.Worker(holder).Age == LeaseAge.Expired,
        _ => !state.Worker(holder).IsAlive,
    };
}
