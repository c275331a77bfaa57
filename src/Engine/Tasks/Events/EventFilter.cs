using System.Collections.Frozen;

namespace Engine.Tasks.Events;

/// <summary>Which events somebody wants; an empty set wants all.</summary>
/// <param name="States">Events that brought their task into one of these.</param>
public sealed record EventFilter(FrozenSet<Guid> TaskIds, FrozenSet<string> Kinds, FrozenSet<TaskState> States)
{
    public static EventFilter All { get; } = Of([], [], []);

    public static EventFilter Of(IEnumerable<Guid> taskIds, IEnumerable<string> kinds, IEnumerable<TaskState> states) =>
        new(taskIds.ToFrozenSet(), kinds.ToFrozenSet(StringComparer.Ordinal), states.ToFrozenSet());

    public bool Passes(TaskEvent e, string kind) => (TaskIds.Count == 0 || TaskIds.Contains(e.TaskId)) && (Kinds.Count == 0 || Kinds.Contains(kind))
        && (States.Count == 0 || (e.State is { } name && TaskStates.Find(name) is { } state && States.Contains(state)));
}
