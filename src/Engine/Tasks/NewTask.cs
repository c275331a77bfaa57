namespace Engine.Tasks;

/// <summary>A task to be filed.</summary>
/// <param name="PayloadJson">JSON of the kind's payload record.</param>
public sealed record NewTask(string Kind, string PayloadJson)
{
    /// <summary>Chosen by the caller, so that a repeated filing finds itself; of version 7; null: made here.</summary>
    public Guid? TaskId { get; init; }

    /// <summary>Null: the kind's own.</summary>
    public TaskPriority? Priority { get; init; }

    /// <summary>At most one live task has it: a second filing gets the first one's id. 1 to 500 characters.</summary>
    public string? DedupKey { get; init; }

    /// <summary>Parents: it is released once, when all of them have succeeded. May name others of the same filing. At most 100.</summary>
    public IReadOnlyList<Guid> DependsOn { get; init; } = [];

    /// <summary>Not before; null: at once.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Given up when it has not ended by then; must lie in the future.</summary>
    public DateTimeOffset? DeadlineAt { get; init; }

    /// <summary>At most <see cref="ConcurrencyLimit"/> tasks of this key run at a time. 1 to 500 characters.</summary>
    public string? ConcurrencyKey { get; init; }

    /// <summary>1 to 1000; the last filing's holds for the key.</summary>
    public int ConcurrencyLimit { get; init; } = 1;

    /// <summary>Capabilities that the worker must have, on top of the kind's. At most 20.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>Side effects are described, not done.</summary>
    public bool DryRun { get; init; }

    /// <summary>The task it came from; null when it came from outside.</summary>
    public Guid? OriginId { get; init; }
}

/// <param name="IsNew">False when the id or the dedup key named a task that was there already.</param>
public sealed record FiledTask(Guid TaskId, bool IsNew);

/// <summary>What a filing came to: all of it, or nothing.</summary>
public abstract record Filing
{
    Filing() { } // closed: the kinds below are all there are

    /// <param name="Tasks">In the order they were given.</param>
    public sealed record Done(IReadOnlyList<FiledTask> Tasks) : Filing;

    /// <param name="Code">Stable, for programs: unknown_kind, invalid_payload, payload_too_large, deadline_passed, dependency_cycle, no_such_parent, invalid_request.</param>
    public sealed record Refused(string Code, string Reason) : Filing;
}
