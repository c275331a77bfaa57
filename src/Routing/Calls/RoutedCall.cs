using Microsoft.Extensions.AI;
using Routing.Budgets;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>One request from its first decision to its answer: opens attempt after attempt, each in the ledger before it leaves.</summary>
/// <param name="routeTo">Makes the route of an attempt: number, candidate, endpoint, its row, and the policy that was asked for.</param>
sealed class RoutedCall(CallTools tools, CallOrigin origin, RoutingRequest wanted, Func<RoutingRequest, RoutingDecision> decide,
    Func<int, Candidate, ProviderEndpoint, Guid, string, AttemptRoute> routeTo, CancellationToken caller)
{
    const int MostLowered = 5;

    readonly RouteWalk walk = new(decide, wanted, tools.Limits, tools.Quiet, tools.Time);
    readonly List<AttemptNote> failed = [];
    readonly List<string> passedOver = [];
    ProviderFault? last;
    BudgetRefusal? refusal;
    IReadOnlyList<string> reasons = [];
    int attempts, lowered;

    /// <summary>When its time is over, as a timestamp.</summary>
    public long EndsAt { get; } = tools.Time.GetTimestamp() + (long)(tools.Limits.Total.TotalSeconds * tools.Time.TimestampFrequency);

    /// <returns>An attempt whose money is held and whose row is written; nothing of it has been sent.</returns>
    /// <exception cref="BudgetExceededException">No model fits into what is left.</exception>
    /// <exception cref="NoModelException">There is no model for it.</exception>
    /// <exception cref="ChatFailedException">There is none left that has not failed.</exception>
    public async ValueTask<AttemptBook> OpenNextAsync()
    {
        while (attempts < tools.Limits.MaxAttempts && walk.Next() is var (candidate, wait))
        {
            if (wait > TimeSpan.Zero) await WaitAsync(wait, candidate);
            caller.ThrowIfCancellationRequested();
            if (await OpenAsync(candidate) is { } opened) return opened;
        }
        throw Failure();
    }

    /// <summary>Goes on after a failed attempt, or says that it cannot.</summary>
    /// <exception cref="ChatFailedException">Nobody would answer it otherwise.</exception>
    public async ValueTask GoOnAsync(AttemptRoute route, ProviderFault fault)
    {
        last = fault;
        failed.Add(NoteOf(route, fault));
        if (fault.Next is NextStep.OpenBreakerForProvider)
        {
            tools.Parts.Health.ProviderOut(route.Provider, fault.Kind.Name());
            tools.Log.ProviderOut(route.Provider, fault.Kind.Name());
        }
        if (walk.After(route.Candidate, fault) is not { } wait) throw Failure();
        if (wait > TimeSpan.Zero) await WaitAsync(wait, route.Candidate);
    }

    public RoutedAnswer Answer(AttemptRoute route, CallEnd end) => new(route.SelectionId, route.Candidate.Policy, route.Provider, end.ServedModel ?? route.Model, end.CostUsd,
        end.IsEstimated, end.Latency, end.FirstToken, route.Number, reasons);

    public ChatCutException Cut(ChatAttempt attempt, IEnumerable<ChatResponseUpdate> given)
    {
        tools.Log.AnswerCut(attempt.Route.SelectionId, attempt.Route.Provider, attempt.Route.Model, attempt.Fault!.Kind.Name());
        if (attempt.Fault.Next is NextStep.OpenBreakerForProvider) tools.Parts.Health.ProviderOut(attempt.Route.Provider, attempt.Fault.Kind.Name());
        return new ChatCutException(NoteOf(attempt.Route, attempt.Fault), given.ToChatResponse());
    }

    /// <returns>Null when this candidate cannot be called; then the walk goes on.</returns>
    async ValueTask<AttemptBook?> OpenAsync(Candidate candidate)
    {
        var model = candidate.Model;
        if (tools.Parts.EndpointOf(model.Provider) is not { } endpoint) return PassOver($"{model.Provider} cannot be called: it is out of use or has no key.");
        if (!tools.Parts.Health.MayCall(model.Provider, model.Slug)) return PassOver($"{model.Provider}/{model.Slug} stands still.");

        var number = attempts + 1;
        var isOpen = false;
        try
        {
            var selectionId = Guid.CreateVersion7(tools.Time.GetUtcNow());
            reasons = ReasonsFor(candidate);
            var route = routeTo(number, candidate, endpoint, selectionId, walk.Decision!.Policy);
            var call = new NewCall(selectionId, origin, number, candidate.Policy, walk.Decision.PolicyVersion, model.Provider, model.Slug, candidate.Hold, candidate.EstimatedUsd,
                reasons, model.Price is { } price ? PriceJson.Of(price) : [], candidate.MaxTokens, route.IsStreamed);
            switch (await tools.Parts.Ledger.OpenAsync(call, caller))
            {
                case CallOpening.Opened opened:
                    isOpen = true;
                    attempts = number;
                    return new AttemptBook(tools, route, opened.Call);
                case CallOpening.Refused refused: Refused(candidate, refused.Refusal); break;
            }
            return null;
        }
        finally
        {
            if (!isOpen) tools.Parts.Health.Ended(model.Provider, model.Slug, "cancelled", null, TimeSpan.Zero); // it was not called after all
        }
    }

    void Refused(Candidate candidate, BudgetRefusal by)
    {
        if (refusal is null || by.Needed - by.Left < refusal.Needed - refusal.Left) refusal = by;
        if (lowered < MostLowered && LowerOutput.ToFit(candidate, by.Left, tools.Limits.LeastTokens) is { } smaller && smaller.MaxTokens < candidate.MaxTokens)
        {
            lowered++; // others take what is left meanwhile
            walk.Repeat(smaller);
        }
        else passedOver.Add($"{candidate.Model.Provider}/{candidate.Model.Slug} did not fit into a budget.");
    }

    AttemptBook? PassOver(string reason)
    {
        passedOver.Add(reason);
        return null;
    }

    async ValueTask WaitAsync(TimeSpan wait, Candidate candidate)
    {
        tools.Log.Waiting(wait, candidate.Model.Provider, candidate.Model.Slug);
        await Task.Delay(wait, tools.Time, caller);
    }

    IReadOnlyList<string> ReasonsFor(Candidate candidate)
    {
        if (failed.Count == 0 && passedOver.Count == 0) return [.. walk.Decision!.Reasons, .. candidate.Reasons];
        return [.. walk.Decision!.Reasons, .. candidate.Reasons, .. failed.Select(f => $"Tried before: {f}."), .. passedOver];
    }

    Exception Failure()
    {
        if (last is not null) return new ChatFailedException(last.Kind.Name(), last.Status, last.RetryAfter, failed);
        if (refusal is not null) return new BudgetExceededException(refusal);
        if (walk.Nobody is { Refusal: { } known }) return new BudgetExceededException(known);
        if (walk.Nobody is { } nobody && walk.Decision is null) return new NoModelException(nobody.Code, nobody.Reason, nobody.Excluded);
        foreach (var (candidate, notBefore) in walk.Busy) passedOver.Add($"{candidate.Model.Provider}/{candidate.Model.Slug} has asked not to be called before {notBefore:HH:mm:ss} UTC.");
        return new NoModelException("no_usable_model", $"No model can be called just now. {string.Join(" ", passedOver)}", walk.Nobody?.Excluded ?? walk.Decision?.Excluded ?? []);
    }

    static AttemptNote NoteOf(AttemptRoute route, ProviderFault fault) => new(route.Provider, route.Model, fault.Kind.Name(), fault.Status);
}
