namespace Engine.Tests.Tasks.Model;

public enum Act : byte
{
    // what the engine does; these are enough to bring every task to its end
    Claim, Adopt, Start, Effect, Call, Lands, Ask, Wait, Finish, Refuse, Return, Exit, Heartbeat, Promote, RescuerSees, RescuerActs,
    Restart, Approve, Reject, LeaseAges, CountSiblings, ResolverSees, ResolverActs, ResolverReleases, FilingCommits,

    // what happens to it
    File, FilingCounts, SlowHeartbeat, SelfFence, Fail, Snooze, ClaimReplyLost, FinishReplyLost, FinishNeverArrives,
    Die, Freeze, Wake, Drain, Prune, GateExpires, Cancel, Redrive,
}

/// <summary>One thing that happens at one moment: a transaction, a call outside, a process that stops.</summary>
/// <param name="Worker">Who does it, -1 for nobody.</param>
/// <param name="Task">On which task, -1 for none.</param>
/// <param name="Refused">The fence said no, and the worker was told.</param>
public readonly record struct Step(Act Act, sbyte Worker = -1, sbyte Task = -1, byte Epoch = 0, bool Refused = false)
{
    /// <summary>Part of the ordinary course: what I1 may rely on. No fault, no person who cancels, no worker that wakes by luck.</summary>
    public bool IsOrdinary => Act < Act.File;

    public bool IsClaim => Act is Act.Claim or Act.ClaimReplyLost;

    /// <summary>The database or the outside did what a worker asked for in the name of its claim.</summary>
    public bool IsAcceptedFromWorker => !Refused && Act is Act.Effect or Act.Lands or Act.Ask or Act.Wait
        or Act.Finish or Act.FinishReplyLost or Act.Refuse or Act.Return or Act.Fail or Act.Snooze;

    public override string ToString() => Refused ? $"{Text}: refused" : Text;

    string Name => Model.Worker.Names[Worker];

    string Claimed => $"t{Task + 1}@{Epoch}";

    string Text => Act switch
    {
        Act.File => $"t{Task + 1} is filed",
        Act.FilingCounts => $"the filing of t{Task + 1} counts {Epoch} open parents",
        Act.FilingCommits => $"t{Task + 1} is filed with that count",
        Act.Claim => $"{Name} claims {Claimed}",
        Act.ClaimReplyLost => $"{Name} claims {Claimed} and never hears of it",
        Act.Adopt => $"{Name} finds its lease of {Claimed}",
        Act.Start => $"{Name} starts {Claimed}",
        Act.Effect => $"{Name} acts outside for {Claimed}",
        Act.Call => $"{Name} calls outside for {Claimed}",
        Act.Lands => $"the call of {Name} for {Claimed} lands",
        Act.Ask => $"{Name} asks people about {Claimed}",
        Act.Wait => $"{Name} puts {Claimed} at the gate",
        Act.Finish => $"{Name} finishes {Claimed}",
        Act.FinishReplyLost => $"{Name} finishes {Claimed} and the reply is lost",
        Act.FinishNeverArrives => $"{Name} sends a finish of {Claimed} that never arrives",
        Act.Refuse => $"{Name} refuses {Claimed} for good",
        Act.CountSiblings => $"{Name} counts the siblings of {Claimed}",
        Act.Fail => $"{Name} fails {Claimed}",
        Act.Snooze => $"{Name} snoozes {Claimed}",
        Act.Return => $"{Name} returns {Claimed}",
        Act.Drain => $"{Name} is told to stop",
        Act.Exit => $"{Name} stops",
        Act.Die => $"{Name} dies",
        Act.Freeze => $"{Name} freezes",
        Act.Wake => $"{Name} wakes",
        Act.Restart => $"{Name} starts on the host of a1",
        Act.LeaseAges or Act.SlowHeartbeat => $"the heartbeat of {Name} is {(Epoch == 1 ? "past 2/3 of the lease" : "past the lease")}",
        Act.Heartbeat => $"{Name} beats",
        Act.SelfFence => $"{Name} fences itself",
        Act.Prune => $"the row of {Name} is pruned",
        Act.RescuerSees => $"the rescuer reads {Claimed}",
        Act.RescuerActs => $"the rescuer acts on {Claimed}",
        Act.Promote => $"t{Task + 1} is due",
        Act.ResolverSees => $"a resolver reads t{Task + 1}",
        Act.ResolverActs => $"that resolver releases t{Task + 1}",
        Act.ResolverReleases => $"another resolver releases t{Task + 1}",
        Act.Approve => $"{Claimed} is approved",
        Act.Reject => $"{Claimed} is rejected",
        Act.GateExpires => $"the gate of {Claimed} expires",
        Act.Cancel => $"t{Task + 1} is cancelled",
        _ => $"t{Task + 1} is redriven",
    };
}

/// <summary>A step and the state that it leads to.</summary>
public readonly record struct Move(Step Step, ModelState After);
