namespace Engine.Tasks;

/// <summary>The small row that moves from table to table; which table it is in is the task's state.</summary>
/// <param name="Epoch">Of the last claim; 0 before the first. Never goes back: it is the fence of every write.</param>
/// <param name="Failures">Attempts charged since it was filed or redriven.</param>
/// <param name="Losses">Workers that were lost with it since then: died, were frozen or cut off.</param>
public sealed record TaskRow(Guid TaskId, long Epoch, int LaneId, short Failures, short Losses, TaskFlags Flags);

/// <summary>What the end of a task must do besides; a task with none ends on the fast path.</summary>
[Flags]
public enum TaskFlags : short
{
    None = 0,
    HasChildren = 1,
    HasDedupKey = 2,
    /// <summary>It runs only with a slot of its concurrency key.</summary>
    NeedsSlot = 4,
}

/// <summary>Where a live task's row is.</summary>
public enum TaskPlace
{
    Ready,
    /// <summary>With a worker.</summary>
    Leased,
    /// <summary>For later: retry, snooze, or filed for a time to come.</summary>
    Due,
    /// <summary>For a slot of its concurrency key.</summary>
    Held,
    /// <summary>For its parents.</summary>
    Waiting,
    /// <summary>For a person or a signal.</summary>
    Gated,
    /// <summary>Blocked: needs a person.</summary>
    Parked,
}

public enum TaskPriority : short
{
    Critical = 0,
    High = 1,
    Normal = 2,
    Low = 3,
    Deferred = 4,
}
