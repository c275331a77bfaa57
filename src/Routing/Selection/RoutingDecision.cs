using Routing.Budgets;
using Routing.Catalog;

namespace Routing.Selection;

/// <summary>What was decided for a request, and why: a model and those to fall back on, or nobody.</summary>
public abstract record RoutingDecision
{
    RoutingDecision() { } // closed: the kinds below are all there are

    /// <summary>What was not chosen, with the reason of each, for people and for rows.</summary>
    public IReadOnlyList<Excluded> Excluded { get; init; } = [];

    /// <param name="Candidates">The chosen one first, then those to fail over to, in order; at least one.</param>
    /// <param name="Confidence">0 to 1: how sure it is that the first is better than the second.</param>
    public sealed record Chosen(string Policy, int PolicyVersion, IReadOnlyList<Candidate> Candidates, IReadOnlyList<string> Reasons, double Confidence) : RoutingDecision;

    /// <param name="Code">unknown_policy, no_usable_model, too_long or over_budget.</param>
    /// <param name="Refusal">The budget that was in the way; null when none was.</param>
    public sealed record Nobody(string Code, string Reason, BudgetRefusal? Refusal = null) : RoutingDecision;
}

/// <param name="Policy">Whose model it is: another than the decision's after an allowed downgrade.</param>
/// <param name="MaxTokens">Output that it may produce: lowered where money or context is short.</param>
/// <param name="Hold">The most that the call can cost.</param>
/// <param name="EstimatedLatency">Null: nothing is known.</param>
/// <param name="Score">By the policy's weights; higher is better.</param>
/// <param name="Reasons">In words.</param>
public sealed record Candidate(CatalogModel Model, string Policy, int MaxTokens, double? Temperature, NanoUsd Hold, decimal EstimatedUsd, TimeSpan? EstimatedLatency, double Score,
    IReadOnlyList<string> Reasons)
{
    /// <summary>The version of <see cref="Policy"/>.</summary>
    public int PolicyVersion { get; init; }
}

public sealed record Excluded(string Provider, string Slug, string Reason);
