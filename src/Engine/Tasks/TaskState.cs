namespace Engine.Tasks;

/// <summary>What a task is doing, as operators and programs see it; <c>governance_tasks</c> says the same.</summary>
public enum TaskState
{
    /// <summary>Can be claimed, or waits for a slot of its concurrency key.</summary>
    Pending,
    Running,
    /// <summary>For later: retry, snooze, or filed for a time to come.</summary>
    Scheduled,
    WaitingDependency,
    WaitingApproval,
    WaitingSignal,
    /// <summary>Needs a person.</summary>
    Blocked,
    Succeeded,
    Failed,
    Cancelled,
    /// <summary>Given up.</summary>
    Dead,
}

public static class TaskStates
{
    static readonly Dictionary<string, TaskState> ByName =
        Enum.GetValues<TaskState>().ToDictionary(s => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName($"{s}"), StringComparer.Ordinal);

    static readonly Dictionary<TaskState, string> Names = ByName.ToDictionary(n => n.Value, n => n.Key);

    public static IReadOnlyCollection<string> All => ByName.Keys;

    /// <returns>Null when no state is called so.</returns>
    public static TaskState? Find(string name) => ByName.TryGetValue(name, out var state) ? state : null;

    /// <summary>As the database and the API write it.</summary>
    public static string Name(this TaskState state) => Names[state];

    public static bool IsEnded(this TaskState state) => state >= TaskState.Succeeded;
}

public static class TaskPriorities
{
    static readonly Dictionary<string, TaskPriority> ByName =
        Enum.GetValues<TaskPriority>().ToDictionary(p => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName($"{p}"), StringComparer.Ordinal);

    static readonly Dictionary<TaskPriority, string> Names = ByName.ToDictionary(n => n.Value, n => n.Key);

    public static IReadOnlyCollection<string> All => ByName.Keys;

    /// <returns>Null when no priority is called so.</returns>
    public static TaskPriority? Find(string name) => ByName.TryGetValue(name, out var priority) ? priority : null;

    public static string Name(this TaskPriority priority) => Names[priority];
}
