namespace Engine.Tests.Tasks.Model;

/// <summary>How processes live and end, and how their heartbeat rows age.</summary>
public sealed class ProcessActions(Bounds bounds, Bug bug)
{
    public void Add(in ModelState state, int at, List<Move> moves)
    {
        var worker = state.Worker(at);
        AddLife(state, at, worker, moves);
        if (worker.Process == Process.Unborn) return;
        if (worker.IsAlive && state.HasLease(at)) AddAge(state, at, worker, moves);
        if (worker.IsActing && worker.Age == LeaseAge.PastTwoThirds)
            moves.Add(new(new(Act.Heartbeat, (sbyte)at), state.With(at, worker with { Age = LeaseAge.Fresh })));
        if (worker.IsActing && worker.Age >= LeaseAge.PastTwoThirds)
            moves.Add(new(new(Act.SelfFence, (sbyte)at), state.With(at, worker.Ended())));
        if (bug == Bug.PrunedWorkerHidesLeases && worker.Age == LeaseAge.Expired)
            moves.Add(new(new(Act.Prune, (sbyte)at), state.With(at, worker with { Age = LeaseAge.Pruned })));
    }

    void AddLife(in ModelState state, int at, Worker worker, List<Move> moves)
    {
        switch (worker.Process)
        {
            case Process.Unborn when at == ModelState.Successor && (state.Worker1.IsFrozen || state.Worker1.Process == Process.Gone):
                moves.Add(new(new(Act.Restart, (sbyte)at), state.With(at, new Worker { Process = Process.Up })));
                return;
            case Process.Up when bounds.Allow(Troubles.Drain):
                moves.Add(new(new(Act.Drain, (sbyte)at), state.With(at, worker with { Process = Process.Draining })));
                break;
            case Process.Draining when worker.Held == 0:
                moves.Add(new(new(Act.Exit, (sbyte)at), state.With(at, worker.Ended())));
                break;
            case Process.Frozen or Process.FrozenDraining:
                moves.Add(new(new(Act.Wake, (sbyte)at), state.With(at, worker with { Process = worker.Process - 2 })));
                break;
        }
        if (bounds.Allow(Troubles.Freeze) && worker.IsActing)
            moves.Add(new(new(Act.Freeze, (sbyte)at), state.With(at, worker with { Process = worker.Process + 2 })));
        if (bounds.Allow(Troubles.Death) && (worker.IsActing || worker.IsFrozen))
            moves.Add(new(new(Act.Die, (sbyte)at), state.With(at, worker.Ended())));
    }

    /// <summary>
    /// Time passes for a process that cannot beat; for one that can, it passes only when its heartbeat is slow, which is a fault. It passes
    /// only for who has a lease: to be late without one changes nothing but that nothing is claimed.
    /// </summary>
    void AddAge(in ModelState state, int at, Worker worker, List<Move> moves)
    {
        if (worker.IsCalling && worker.Age == LeaseAge.PastTwoThirds && bug != Bug.CallPastTwoThirds) return; // the call has ended by then
        var act = worker.IsActing ? Act.SlowHeartbeat : Act.LeaseAges;
        var age = worker.Process == Process.Gone ? LeaseAge.Expired : worker.Age + 1;
        moves.Add(new(new(act, (sbyte)at, Epoch: (byte)age), state.With(at, worker with { Age = age })));
    }
}
