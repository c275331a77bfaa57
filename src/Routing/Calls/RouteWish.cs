using Routing.Selection;

namespace Routing.Calls;

/// <summary>What a caller wants of the model, without naming one.</summary>
/// <param name="Policy">By name or alias; null: by the task's type.</param>
/// <param name="TaskType">Such as <c>fix_bug</c>.</param>
/// <param name="Preference">fast, quality, code or balanced; null: as the policy says.</param>
public sealed record RouteWish(string? Policy = null, string? TaskType = null, string? Preference = null)
{
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    internal async ValueTask<RoutingRequest> ForAsync(CallOrigin origin, RoutedParts parts, long inputBytes, long inputTokens, double complexity, int? maxTokens, CancellationToken ct) =>
        new(TaskType, Policy, Preference, inputBytes, inputTokens, complexity, maxTokens)
        {
            RequestId = origin.RequestId, TaskId = origin.TaskId, TaskKind = origin.TaskKind, Tenant = origin.Tenant, Worker = origin.Worker, Labels = Labels,
            SpentByTask = origin.TaskId is { } task ? await parts.SpentByTask(task, ct) : NanoUsd.Zero,
        };
}
