using System.Text;

namespace Engine.Tasks;

/// <summary>Whether tasks may be filed as they are, without a look at the database.</summary>
public sealed class CheckFiling(TaskKinds kinds, TasksSettings settings)
{
    const int MaxKeyLength = 500, MaxParents = 100, MaxRequires = 20, MaxCapabilityLength = 100;

    /// <returns>Null, or the first refusal.</returns>
    public Filing.Refused? Run(IReadOnlyList<NewTask> tasks, DateTimeOffset now)
    {
        if (tasks.Count > settings.MaxTasksPerFiling)
            return Invalid($"One filing may have at most {settings.MaxTasksPerFiling} tasks, has {tasks.Count}.");
        for (var i = 0; i < tasks.Count; i++)
            if (Problem(tasks[i], now) is { } problem)
                return tasks.Count == 1 ? problem : problem with { Reason = $"Task {i + 1} of {tasks.Count}: {problem.Reason}" };
        if (tasks.Where(t => t.TaskId is not null).GroupBy(t => t.TaskId).FirstOrDefault(g => g.Count() > 1) is { } twice)
            return Invalid($"task_id must be another for each task of a filing, {twice.Key} is there {twice.Count()} times.");
        return DependencyCycle.Find(tasks) is { } path
            ? new Filing.Refused("dependency_cycle", $"The dependencies form a cycle: {string.Join(" → ", path)}.") : null;
    }

    Filing.Refused? Problem(NewTask task, DateTimeOffset now)
    {
        if (kinds.Find(task.Kind) is not { } kind)
            return new Filing.Refused("unknown_kind", $"There is no kind \"{Shown(task.Kind)}\"; this engine knows {Names()}.");
        var bytes = Encoding.UTF8.GetByteCount(task.PayloadJson);
        if (bytes > settings.MaxPayloadBytes)
            return new Filing.Refused("payload_too_large", $"The payload may have at most {settings.MaxPayloadBytes} bytes, has {bytes}.");
        if (TaskPayload.Problem(kind, task.PayloadJson) is { } problem)
            return new Filing.Refused("invalid_payload", $"The payload is not one of kind {kind.Name}, {problem}");
        if (task.PayloadJson.Contains("\\u0000", StringComparison.Ordinal))
            return new Filing.Refused("invalid_payload", "The payload has the character U+0000, which PostgreSQL cannot store.");
        if (task.DeadlineAt <= now)
            return new Filing.Refused("deadline_passed", $"deadline_at must lie in the future, is {task.DeadlineAt:O}; it is {now:O}.");
        if (task.DeadlineAt <= task.DueAt) return Invalid($"deadline_at must be after due_at {task.DueAt:O}, is {task.DeadlineAt:O}.");
        if (task.TaskId is { Version: not 7 }) return Invalid($"task_id must be a UUID of version 7, is {task.TaskId}.");
        if (TooLong(task.DedupKey)) return Invalid($"dedup_key must have 1 to {MaxKeyLength} characters and no U+0000, has {task.DedupKey!.Length}.");
        if (TooLong(task.ConcurrencyKey)) return Invalid($"concurrency_key must have 1 to {MaxKeyLength} characters and no U+0000, has {task.ConcurrencyKey!.Length}.");
        if (task.ConcurrencyLimit is < 1 or > 1000) return Invalid($"concurrency_limit must be from 1 to 1000, is {task.ConcurrencyLimit}.");
        if (task.DependsOn.Count > MaxParents) return Invalid($"depends_on may name at most {MaxParents} tasks, names {task.DependsOn.Count}.");
        if (task.Requires.Count > MaxRequires || task.Requires.Any(r => r.Length is 0 or > MaxCapabilityLength || r.Contains('\0')))
            return Invalid($"requires may name at most {MaxRequires} capabilities of 1 to {MaxCapabilityLength} characters.");
        return null;
    }

    string Names() => string.Join(", ", kinds.All.Select(k => k.Name).Order(StringComparer.Ordinal));

    static bool TooLong(string? key) => key is { Length: 0 or > MaxKeyLength } || key?.Contains('\0') == true;

    static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    static Filing.Refused Invalid(string reason) => new("invalid_request", reason);
}
