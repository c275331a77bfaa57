using System.Text.Json.Nodes;

namespace Routing.Calls;

/// <summary>Who asks, for whom, and why: the same for all attempts of one request. What budgets and reports are kept by.</summary>
/// <param name="RequestId">Of the request that the attempts belong to.</param>
/// <param name="TaskId">Null outside of tasks.</param>
/// <param name="TaskEpoch">Of the attempt of the task; null outside of tasks.</param>
/// <param name="TaskKind">Null outside of tasks.</param>
/// <param name="Worker">Such as <c>worker:12</c>; null outside of workers.</param>
public sealed record CallOrigin(Guid RequestId, Guid? TaskId = null, long? TaskEpoch = null, string? TaskKind = null, string? Tenant = null, string? Worker = null);

/// <summary>One attempt at a call, before it is made.</summary>
/// <param name="SelectionId">Its row in <c>model_selections</c>.</param>
/// <param name="Attempt">1 for the first of its request.</param>
/// <param name="Hold">The most it can cost.</param>
/// <param name="EstimatedUsd">What it will likely cost.</param>
/// <param name="Reasons">Why this model, in words.</param>
/// <param name="PriceJson">The price that the hold was computed from.</param>
/// <param name="MaxTokens">The output that it may produce.</param>
public sealed record NewCall(Guid SelectionId, CallOrigin Origin, int Attempt, string Policy, int PolicyVersion, string Provider, string Model,
    NanoUsd Hold, decimal EstimatedUsd, IReadOnlyList<string> Reasons, JsonObject PriceJson, int MaxTokens, bool IsStreamed);
