using Chaos.Invariants;
using Chaos.Kinds;
using Chaos.Recorded;

namespace EndToEnd.Invariants;

/// <summary>A history that a test tells; what it leaves out is as in a run in which all went well.</summary>
sealed class Told
{
    public static readonly Guid Task = Guid.Parse("01900000-0000-7000-8000-000000000001"), Parent = Guid.Parse("01900000-0000-7000-8000-000000000002");

    readonly List<RecordedFiling> filings = [];
    readonly List<WorldEvent> events = [];
    readonly List<RecordedDecision> decisions = [];
    readonly List<QueueSample> samples = [];
    readonly List<TaskLine> tasks = [];
    readonly List<LiveLine> live = [];
    readonly List<AttemptLine> attempts = [];
    long clock = 1_000_000_000;

    public List<EdgeLine> Edges { get; } = [];
    public List<KeyLine> Keys { get; } = [];
    public List<SlotLine> Slots { get; } = [];
    public List<FireLine> Fires { get; } = [];
    public List<WorkerLine> Workers { get; } = [new(1, 100, "idle", 0), new(2, 200, "failed", 0)];

    public Told Filed(string tag, Commit commit, int asked, int fresh, params Guid[] ids)
    {
        filings.Add(new RecordedFiling(tag, Next(), Next(), asked, commit, ids, fresh));
        return this;
    }

    public Told Has(Guid task, string tag = "f1", string kind = ChaosKinds.Quick, string? dedup = null, string? fire = null)
    {
        tasks.Add(new TaskLine(task, kind, tag, dedup, null, fire));
        return this;
    }

    public Told Live(Guid task, string place, long epoch = 0, short failures = 0, short flags = 0, long? worker = null, int open = 0, int failed = 0)
    {
        live.Add(new LiveLine(task, place, epoch, failures, 0, flags, worker, null, open, failed, null));
        return this;
    }

    public Told Attempt(Guid task, long epoch, string outcome, string? final = null, string? fault = null, long? result = null, bool reopened = false, long worker = 1)
    {
        attempts.Add(new AttemptLine(task, epoch, worker, outcome, final, fault, null, result, reopened));
        return this;
    }

    /// <summary>The whole of a good attempt.</summary>
    public Told Succeeded(Guid task, long epoch) => Event(WorldEventKind.Started, task, epoch).Event(WorldEventKind.Returned, task, epoch, "succeeded")
        .Attempt(task, epoch, "succeeded", "succeeded", result: epoch);

    public Told Event(WorldEventKind kind, Guid task, long epoch, string? detail = null, string? key = null, bool accepted = true, int process = 100)
    {
        events.Add(new WorldEvent(kind, task, epoch, ChaosKinds.Quick, process, Next(), key, detail) { ReceivedAt = Next(), Accepted = accepted });
        return this;
    }

    public Told Decided(string what, Guid task, Commit commit, string? gate = null, long? epoch = null, string? decision = null, string by = "ann")
    {
        decisions.Add(new RecordedDecision(what, task, gate, epoch, decision, by, Next(), Next(), commit, ""));
        return this;
    }

    /// <summary>A look at the queue a second after the one before.</summary>
    public Told Looked(double oldestReady, int freeSlots, bool calm = true)
    {
        clock += 1_000_000_000;
        samples.Add(new QueueSample(clock, calm, oldestReady, oldestReady > 0 ? Task : null, freeSlots));
        return this;
    }

    /// <returns>What is wrong with it, by the names of the invariants, each once.</returns>
    public IReadOnlyList<string> Violated(bool isDrained = true) => [.. Violations(isDrained).Select(v => v.Invariant).Distinct()];

    public IReadOnlyList<Violation> Violations(bool isDrained = true) => [.. AllInvariants.Check(new History
    {
        Filings = filings, Events = events, Decisions = decisions, Samples = samples, IsDrained = isDrained,
        Tables = new EndTables { Tasks = tasks, Live = live, Attempts = attempts, Edges = Edges, Keys = Keys, Slots = Slots, Fires = Fires, Workers = Workers },
    }).SelectMany(v => v.Violations)];

    long Next() => clock += 1_000_000;
}
