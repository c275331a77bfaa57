using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Routing;
using Routing.Policies;
using Routing.Selection;

namespace Engine.Gateway;

public static class SelectApi
{
    public static void MapSelect(this RouteGroupBuilder routing) =>
        routing.MapPost("/select", Select).WithSummary("Says which model a request would get now and why, and what was passed over; nothing is called and no money is held.");

    static async Task<Results<Ok<DecisionResponse>, ProblemHttpResult>> Select(SelectRequest request, KeepSnapshot keep, CancellationToken ct)
    {
        if (request.Problem() is { } problem) return Refusal.Invalid(problem);
        if (!keep.First.IsCompleted) await keep.RunOnceAsync(ct);
        var measure = InputMeasure.Of(request.Prompt ?? "");
        var asked = request.Request(measure);
        var snapshot = keep.Current;
        return TypedResults.Ok(DecisionResponse.Of(SelectModel.Decide(snapshot, asked), asked, measure.Complexity, snapshot.TakenAt));
    }
}

/// <param name="Prompt">What would be sent: its size and its complexity are worked out from it.</param>
/// <param name="TaskType">Such as fix_bug; chooses the policy when policy is absent.</param>
/// <param name="Policy">A policy by name or alias.</param>
/// <param name="Preference">fast, quality, code or balanced.</param>
/// <param name="Complexity">0 to 1, instead of the prompt's.</param>
/// <param name="InputBytes">Instead of the prompt's.</param>
/// <param name="InputTokens">Instead of an estimate from the prompt.</param>
/// <param name="MaxTokens">Output that is wanted at most.</param>
/// <param name="Needs">What a model must be able to do: tools, json_schema, image, reasoning and the like.</param>
/// <param name="SpentByTaskUsd">What the task has spent already.</param>
public sealed record SelectRequest(string? Prompt = null, string? TaskType = null, string? Policy = null, string? Preference = null, double? Complexity = null, long? InputBytes = null,
    long? InputTokens = null, int? MaxTokens = null, IReadOnlyList<string>? Needs = null, int Images = 0, int Searches = 0, IReadOnlyDictionary<string, string>? Labels = null,
    string? TaskKind = null, string? Tenant = null, string? Worker = null, decimal SpentByTaskUsd = 0)
{
    const decimal MostUsd = 1_000_000;

    internal string? Problem() => this switch
    {
        { Complexity: < 0 or > 1 } => $"complexity must be from 0 to 1, is {Complexity}.",
        { InputBytes: < 0 } => $"input_bytes must not be negative, is {InputBytes}.",
        { InputTokens: < 0 } => $"input_tokens must not be negative, is {InputTokens}.",
        { MaxTokens: < 1 } => $"max_tokens must be at least 1, is {MaxTokens}.",
        { Images: < 0 or > 10_000 } => $"images must be from 0 to 10000, is {Images}.",
        { Searches: < 0 or > 10_000 } => $"searches must be from 0 to 10000, is {Searches}.",
        { SpentByTaskUsd: < 0 or > MostUsd } => $"spent_by_task_usd must be from 0 to {MostUsd}, is {SpentByTaskUsd}.",
        { Preference: { } preference } when Preferences.Weights(preference) is null => $"preference must be one of {string.Join(", ", Preferences.All)}, is \"{PolicyNames.Cut(preference)}\".",
        _ => null,
    };

    internal RoutingRequest Request(InputMeasure measure) => new(TaskType, Policy, Preference, InputBytes ?? measure.Bytes, InputTokens ?? measure.Tokens, Complexity ?? measure.Complexity.Value, MaxTokens)
    {
        TaskKind = TaskKind, Tenant = Tenant, Worker = Worker, Images = Images, Searches = Searches, SpentByTask = NanoUsd.Ceiling(SpentByTaskUsd),
        Needs = (Needs ?? []).ToHashSet(StringComparer.Ordinal), Labels = Labels ?? new Dictionary<string, string>(),
    };
}
