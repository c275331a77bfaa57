using System.Text.Json;
using Emulators.OpenRouter.Faults;

namespace Emulators.OpenRouter.Answers;

/// <summary>One scripted answer. Of the rules that match, the first one answers.</summary>
public sealed record Rule
{
    /// <summary>Null: every call.</summary>
    public Match? Match { get; init; }

    /// <summary>How often it answers; null: always.</summary>
    public int? Times { get; init; }

    public string? Answer { get; init; }

    /// <summary>Answered as JSON text.</summary>
    public JsonElement? Json { get; init; }

    public IReadOnlyList<RuleToolCall> ToolCalls { get; init; } = [];

    public string? Reasoning { get; init; }

    /// <summary>Null: what follows from the answer.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Until the first token.</summary>
    public double? DelaySeconds { get; init; }

    /// <summary>Token counts that are billed instead of the counted ones.</summary>
    public RuleUsage? Usage { get; init; }

    /// <summary>Names of faults, joined by <c>+</c>.</summary>
    public string? Fault { get; init; }

    /// <summary>What is wrong with the rule; null: nothing.</summary>
    internal string? Problem() =>
        Match?.Problem()
        ?? (Fault is not null && FaultKind.Unknown(Fault) is { } unknown ? $"There is no fault \"{unknown}\"." : null)
        ?? (Times < 1 ? "times must be 1 or more." : null)
        ?? (Usage is { } u && (u.Cached ?? 0) + (u.CacheWrite ?? 0) > (u.Prompt ?? int.MaxValue)
            ? "usage.cached and usage.cache_write are parts of usage.prompt and cannot be more." : null)
        ?? (Usage is { } v && (v.Reasoning ?? 0) > (v.Completion ?? int.MaxValue) ? "usage.reasoning is a part of usage.completion and cannot be more." : null)
        ?? (Answer is null && Json is null && ToolCalls.Count == 0 && Reasoning is null && Usage is null && Fault is null && DelaySeconds is null
            ? "A rule has an answer, json, tool_calls, reasoning, usage, delay_seconds or fault." : null);
}

/// <param name="Arguments">An object; null: none.</param>
public sealed record RuleToolCall(string Name, JsonElement? Arguments = null);

/// <summary>Null: as counted.</summary>
public sealed record RuleUsage(int? Prompt = null, int? Completion = null, int? Cached = null, int? CacheWrite = null, int? Reasoning = null);
