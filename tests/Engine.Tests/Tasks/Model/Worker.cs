namespace Engine.Tests.Tasks.Model;

/// <summary>A process; a frozen one neither beats nor acts, and wakes believing what it believed.</summary>
public enum Process : byte { Unborn, Up, Draining, Frozen, FrozenDraining, Gone }

/// <summary>How old the heartbeat row of an incarnation is, by the database's clock.</summary>
public enum LeaseAge : byte { Fresh, PastTwoThirds, Expired, Pruned }

/// <summary>How far a worker is with a task.</summary>
public enum Phase : byte
{
    None,
    Prefetched,
    Started,

    /// <summary>It sent a finish and does not know what came of it.</summary>
    Unsure,

    /// <summary>A call is on its way to an outside that cannot ask.</summary>
    Calling,

    /// <summary>Only with the bug: it saw an open sibling, or that all siblings were done.</summary>
    CountedOpen,
    CountedDone,
}

/// <summary>What a worker believes about one task; the database may know better.</summary>
/// <param name="Answered">The decision that came with the claim, as in <see cref="TaskRow.Answered"/>.</param>
/// <param name="Claim">Which claim it was, for the invariants: <see cref="TaskRow.Claims"/> at that time.</param>
public readonly record struct Hold(Phase Phase, byte Epoch, byte Claim, byte Answered)
{
    public bool IsStarted => Phase == Phase.Started;

    public bool IsAny => Phase != Phase.None;
}

/// <summary>One incarnation: a process from its start to its end, with its heartbeat row and its memory.</summary>
public readonly record struct Worker(Process Process, LeaseAge Age, Hold Hold1, Hold Hold2, Hold Hold3)
{
    public static readonly string[] Names = ["a1", "b1", "a2"];

    /// <summary>It takes in new work.</summary>
    public bool IsUp => Process == Process.Up;

    /// <summary>It executes code.</summary>
    public bool IsActing => Process is Process.Up or Process.Draining;

    public bool IsFrozen => Process is Process.Frozen or Process.FrozenDraining;

    /// <summary>The database hands leases to it and keeps those that it has.</summary>
    public bool IsAlive => Age < LeaseAge.Expired;

    public Hold this[int task] => task switch { 0 => Hold1, 1 => Hold2, _ => Hold3 };

    public Worker With(int task, Hold hold) => task switch
    {
        0 => this with { Hold1 = hold },
        1 => this with { Hold2 = hold },
        _ => this with { Hold3 = hold },
    };

    public Worker Ended() => new(Process.Gone, Age, default, default, default);

    public bool IsCalling => Hold1.Phase == Phase.Calling || Hold2.Phase == Phase.Calling || Hold3.Phase == Phase.Calling;

    public int Held => (Hold1.IsAny ? 1 : 0) + (Hold2.IsAny ? 1 : 0) + (Hold3.IsAny ? 1 : 0);

    /// <summary>Something runs on its one slot; what is prefetched waits.</summary>
    public bool IsBusy => Busy(Hold1) || Busy(Hold2) || Busy(Hold3);

    static bool Busy(Hold hold) => hold.Phase > Phase.Prefetched;
}
