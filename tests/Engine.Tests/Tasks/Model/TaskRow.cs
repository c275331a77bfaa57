namespace Engine.Tests.Tasks.Model;

/// <summary>The table that a task's narrow row is in; that is its state.</summary>
public enum Table : byte { Unfiled, Ready, Lease, Due, Waiting, Gated, Parked, Ended }

/// <summary>
/// Why a row is parked or has ended. In the model all that a person may redrive is parked, also what the tables count as ended.
/// </summary>
public enum Reason : byte { None, Succeeded, Cancelled, Failed, Quarantined, Refused }

/// <summary>What the database knows of one task, and three numbers that only the invariants read.</summary>
public readonly record struct TaskRow
{
    public Table In { get; init; }

    public Reason Why { get; init; }

    /// <summary>What the fence compares; the number of the last claim unless a bug takes it back.</summary>
    public byte Epoch { get; init; }

    /// <summary>Who has the lease: the place of the worker plus one; 0 outside of <see cref="Table.Lease"/>.</summary>
    public byte Holder { get; init; }

    public byte Failures { get; init; }

    public byte Losses { get; init; }

    public byte Snoozes { get; init; }

    public byte Redrives { get; init; }

    /// <summary>The counters of a waiting child: parents that have not succeeded, and those of them that will not by themselves.</summary>
    public byte ParentsOpen { get; init; }

    public byte ParentsFailed { get; init; }

    /// <summary>The epoch whose decision opened the gate; 0 before that.</summary>
    public byte Answered { get; init; }

    public Epochs Attempts { get; init; }

    public Epochs Asked { get; init; }

    public Epochs Approved { get; init; }

    /// <summary>Said by a person, or by the clock: a gate that expires means no.</summary>
    public Epochs Rejected { get; init; }

    /// <summary>How many claims there really were, whatever the epoch says.</summary>
    public byte Claims { get; init; }

    public byte Finishes { get; init; }

    public byte Releases { get; init; }

    public bool Succeeded => Why == Reason.Succeeded;

    /// <summary>A parent in this state will not succeed by itself.</summary>
    public bool Hopeless => In == Table.Parked || (In == Table.Ended && !Succeeded);

    /// <summary>Nothing more is owed to it: it has ended, or a person has been told.</summary>
    public bool Settled => In is Table.Unfiled or Table.Parked or Table.Ended;

    /// <summary>The lease is deleted, its attempt recorded, the row inserted elsewhere: one transaction.</summary>
    public TaskRow Leave(Table to, Reason why = Reason.None) =>
        this with { In = to, Why = why, Holder = 0, Attempts = Attempts.With(Epoch) };
}

/// <summary>A set of epochs from 1 to 15: rows keyed by task and epoch.</summary>
public readonly record struct Epochs(ushort Bits)
{
    /// <summary>The set of 1 up to and with the last one.</summary>
    public static Epochs UpTo(int last) => new((ushort)((1 << (last + 1)) - 2));

    public bool Has(int epoch) => (Bits & (1 << epoch)) != 0;

    public bool Covers(Epochs other) => (other.Bits & ~Bits) == 0;

    public bool Meets(Epochs other) => (other.Bits & Bits) != 0;

    /// <summary>The greatest one, or 0 of an empty set.</summary>
    public byte Last => (byte)(Bits == 0 ? 0 : ushort.Log2(Bits));

    public Epochs With(int epoch) => new(checked((ushort)(Bits | (1 << epoch))));

    public Epochs Without(int epoch) => new((ushort)(Bits & ~(1 << epoch)));
}
