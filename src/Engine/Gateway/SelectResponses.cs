using System.Diagnostics;
using Routing;
using Routing.Budgets;
using Routing.Selection;

namespace Engine.Gateway;

/// <param name="Outcome">chosen or nobody.</param>
/// <param name="Policy">The policy that was decided by; null when there was none.</param>
/// <param name="Code">Why nobody was chosen: unknown_policy, no_usable_model, too_long or over_budget.</param>
/// <param name="Reasons">In words.</param>
/// <param name="Candidates">The chosen model first, then those to fail over to, in order.</param>
/// <param name="Confidence">0 to 1: how sure it is that the first is better than the second; 0.5: nothing is known but the policy's order. Null when nobody was chosen.</param>
/// <param name="Excluded">What was passed over, with the reason of each.</param>
/// <param name="Budget">The budget that was in the way.</param>
/// <param name="InputTokens">As estimated, or as given.</param>
/// <param name="DecidedOn">When what the decision is made from was read.</param>
public sealed record DecisionResponse(string Outcome, string? Policy, int? PolicyVersion, string? Code, IReadOnlyList<string> Reasons, IReadOnlyList<CandidateResponse> Candidates, double? Confidence,
    IReadOnlyList<ExcludedResponse> Excluded, RefusalResponse? Budget, ComplexityResponse Complexity, long InputBytes, long InputTokens, DateTimeOffset DecidedOn)
{
    public static DecisionResponse Of(RoutingDecision decision, RoutingRequest request, Complexity measured, DateTimeOffset takenAt)
    {
        ExcludedResponse[] excluded = [.. decision.Excluded.Select(e => new ExcludedResponse(e.Provider.Length == 0 ? null : e.Provider, e.Slug, e.Reason))];
        var complexity = new ComplexityResponse(request.Complexity, [.. measured.Parts.Select(p => new ComplexityPartResponse(p.Name, p.Weight, p.Value, p.Sentence))]);
        return decision switch
        {
            RoutingDecision.Chosen chosen => new("chosen", chosen.Policy, chosen.PolicyVersion, null, chosen.Reasons, [.. chosen.Candidates.Select(CandidateResponse.Of)], chosen.Confidence,
                excluded, null, complexity, request.InputBytes, request.InputTokens, takenAt),
            RoutingDecision.Nobody nobody => new("nobody", null, null, nobody.Code, [nobody.Reason], [], null,
                excluded, nobody.Refusal is { } refusal ? RefusalResponse.Of(refusal) : null, complexity, request.InputBytes, request.InputTokens, takenAt),
            _ => throw new UnreachableException($"{decision}"),
        };
    }
}

/// <param name="Policy">Whose model it is: another than the decision's where one stands in.</param>
/// <param name="MaxTokens">Output that it may produce.</param>
/// <param name="HoldUsd">The most that the call can cost.</param>
/// <param name="EstimatedUsd">What it will likely cost.</param>
/// <param name="EstimatedLatencySeconds">Null: nothing is known.</param>
/// <param name="Score">By the weights; higher is better.</param>
public sealed record CandidateResponse(string Provider, string Model, string Policy, int MaxTokens, double? Temperature, decimal HoldUsd, decimal EstimatedUsd, double? EstimatedLatencySeconds,
    double Score, IReadOnlyList<string> Reasons)
{
    public static CandidateResponse Of(Candidate candidate) => new(candidate.Model.Provider, candidate.Model.Slug, candidate.Policy, candidate.MaxTokens, candidate.Temperature, candidate.Hold.Usd,
        NanoUsd.Ceiling(candidate.EstimatedUsd).Usd, candidate.EstimatedLatency?.TotalSeconds, Math.Round(candidate.Score, 4), candidate.Reasons);
}

/// <param name="Provider">Null when no provider has the model.</param>
public sealed record ExcludedResponse(string? Provider, string Model, string Reason);

/// <param name="Scope">total, tenant, policy, task_kind, model, provider or worker.</param>
/// <param name="Key">Whose: empty for the total.</param>
/// <param name="NeededUsd">What the call that came closest may cost.</param>
public sealed record RefusalResponse(string Scope, string Key, string Period, decimal AmountUsd, decimal SettledUsd, decimal HeldUsd, decimal LeftUsd, decimal NeededUsd, DateTimeOffset? ResetsAt)
{
    public static RefusalResponse Of(BudgetRefusal refusal) => new(refusal.Budget.Scope, refusal.Budget.Key, refusal.Budget.Period, refusal.Budget.Amount.Usd, refusal.Budget.Settled.Usd,
        refusal.Budget.Held.Usd, refusal.Left.Usd, refusal.Needed.Usd, refusal.Budget.ResetsAt);
}

/// <param name="Value">0 to 1.</param>
/// <param name="Parts">What in the prompt makes it so.</param>
public sealed record ComplexityResponse(double Value, IReadOnlyList<ComplexityPartResponse> Parts);

/// <param name="Weight">What it can add at most.</param>
/// <param name="Value">0 to 1: how much of that it adds.</param>
public sealed record ComplexityPartResponse(string Name, double Weight, double Value, string Sentence);
