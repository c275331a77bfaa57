namespace Engine.Tasks;

/// <summary>What a handler knows of the attempt that it runs, and what it may ask and tell meanwhile.</summary>
public sealed class TaskContext
{
    readonly AttemptRecords records;

    internal TaskContext(ClaimedTask task, AttemptRecords records) => (Task, this.records) = (task, records);

    internal ClaimedTask Task { get; }

    public Guid TaskId => Task.Row.TaskId;

    public string Kind => Task.Kind;

    /// <summary>Of this attempt; grows with every claim of the task. Whatever is written outside names it.</summary>
    public long Epoch => Task.Row.Epoch;

    /// <summary>Whose attempt it is, as the ledger of model calls names workers.</summary>
    public string Worker => $"worker:{Task.Lease.WorkerId}";

    /// <summary>Charged failures and lost workers before this attempt; 0 at the first.</summary>
    public int EarlierFailures => Task.Row.Failures + Task.Row.Losses;

    /// <summary>The same for every attempt of the task: what an outside system deduplicates by.</summary>
    public string IdempotencyKey => TaskId.ToString("N");

    /// <summary>Side effects must be described, not done; <see cref="DoAsync"/> sees to it.</summary>
    public bool DryRun => Task.DryRun;

    /// <summary>Null: none.</summary>
    public DateTimeOffset? DeadlineAt => Task.DeadlineAt;

    internal string PayloadJson => Task.PayloadJson;

    /// <summary>
    /// Whether this attempt still owns the task: asked of the database, so that a worker that was thought dead does nothing
    /// outside any more. To be asked right before every effect.
    /// </summary>
    public Task<bool> StillOwnerAsync(CancellationToken ct) => records.StillOwnerAsync(Task, ct);

    /// <summary>Adds a line to the task's timeline.</summary>
    /// <param name="name">Snake case, for example <c>tests_ran</c>.</param>
    /// <param name="detail">Serialised as JSON, at most 64 KiB; null: none. No secrets.</param>
    /// <exception cref="NotOwnerException">Another worker has the task.</exception>
    public Task NoteAsync(string name, object? detail, CancellationToken ct) => records.NoteAsync(Task, name, detail, ct);

    /// <summary>How far it is, for people who watch.</summary>
    /// <param name="share">From 0 to 1.</param>
    public Task ProgressAsync(double share, string doing, CancellationToken ct) =>
        records.NoteAsync(Task, "progress", new { share = Math.Round(Math.Clamp(share, 0, 1), 4), doing }, ct);

    /// <summary>
    /// Does something outside: noted before it is done, only while this attempt owns the task, and only described in a dry run.
    /// </summary>
    /// <param name="what">For people, for example <c>push branch engine/42</c>.</param>
    /// <param name="effect">Gets the key that the outside system should deduplicate by: the same for each attempt of the task.</param>
    /// <returns>False when it was only described.</returns>
    /// <exception cref="NotOwnerException">Another worker has the task: nothing was done.</exception>
    public async Task<bool> DoAsync(string what, Func<string, CancellationToken, Task> effect, CancellationToken ct)
    {
        var key = $"{IdempotencyKey}:{what}";
        await records.NoteAsync(Task, DryRun ? "would_do" : "doing", new { what, key }, ct);
        if (DryRun) return false;
        if (!await records.StillOwnerAsync(Task, ct)) throw new NotOwnerException(TaskId, Epoch);
        await effect(key, ct);
        return true;
    }

    /// <summary>What was decided at a gate of this task; null when nothing was yet.</summary>
    public Task<GateDecision?> DecisionAsync(string gate, CancellationToken ct) => records.DecisionAsync(Task, gate, ct);
}

/// <param name="Decision">approved, rejected, expired or signalled.</param>
/// <param name="DetailJson">What came with it, as JSON; null: nothing.</param>
public sealed record GateDecision(string Decision, string DecidedBy, DateTimeOffset DecidedAt, string? DetailJson);

/// <summary>The attempt's task belongs to another worker, or has ended: whatever it wanted to do or say is refused.</summary>
public sealed class NotOwnerException(Guid taskId, long epoch) : Exception($"Epoch {epoch} of task {taskId} is over: another attempt or decision has replaced it.")
{
    public Guid TaskId => taskId;

    public long Epoch => epoch;
}
