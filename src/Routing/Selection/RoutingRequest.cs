namespace Routing.Selection;

/// <summary>What is known of a request before a model is chosen.</summary>
/// <param name="TaskType">Such as <c>fix_bug</c>; chooses the policy when <paramref name="Policy"/> is null.</param>
/// <param name="Policy">A policy by name or alias; null: by the task's type.</param>
/// <param name="Preference">fast, quality, code or balanced; null: as the policy says.</param>
/// <param name="InputBytes">Of all that is sent, in UTF-8: a token is at least a byte, so it bounds the tokens.</param>
/// <param name="InputTokens">Estimated.</param>
/// <param name="Complexity">0 to 1.</param>
/// <param name="MaxTokens">Output that the caller wants at most; null: as the policy says.</param>
public sealed record RoutingRequest(string? TaskType, string? Policy, string? Preference, long InputBytes, long InputTokens, double Complexity, int? MaxTokens = null)
{
    /// <summary>The same for all attempts; null for a question what would be decided.</summary>
    public Guid? RequestId { get; init; }

    public Guid? TaskId { get; init; }

    /// <summary>Kind of the task, which budgets are kept by; null: the same as its type.</summary>
    public string? TaskKind { get; init; }

    public string? Tenant { get; init; }

    public string? Worker { get; init; }

    /// <summary>What the request needs of a model: <c>tools</c>, <c>json_schema</c>, <c>image</c>, <c>reasoning</c> and the like.</summary>
    public IReadOnlySet<string> Needs { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    public int Images { get; init; }

    /// <summary>Web searches that it may make at most.</summary>
    public int Searches { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Models that were tried for this request already: not chosen again.</summary>
    public IReadOnlySet<(string Provider, string Slug)> Tried { get; init; } = new HashSet<(string, string)>();

    /// <summary>Already spent by the same task, which the policy's limit for a task counts.</summary>
    public NanoUsd SpentByTask { get; init; }
}
