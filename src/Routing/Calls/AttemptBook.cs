using System.Diagnostics;
using Microsoft.Extensions.AI;
using Routing.Catalog;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>Keeps the books of one attempt: its row in the ledger, the route's health, the span and the metrics. All are closed together, once.</summary>
sealed class AttemptBook
{
    readonly CallTools tools;
    readonly AttemptRoute route;
    readonly OpenCall open;
    readonly Activity? span;
    readonly long startedAt;
    readonly DateTimeOffset requestedAt;
    TimeSpan? firstToken;
    string? generationId;
    int isClosed;

    public AttemptBook(CallTools tools, AttemptRoute route, OpenCall open)
    {
        (this.tools, this.route, this.open) = (tools, route, open);
        (startedAt, requestedAt) = (tools.Time.GetTimestamp(), tools.Time.GetUtcNow());
        span = CallMetrics.Start(route);
    }

    /// <summary>What is known of the answer.</summary>
    public AnswerFacts Facts { get; } = new();

    public AttemptRoute Route => route;

    public bool IsClosed => Volatile.Read(ref isClosed) != 0;

    /// <summary>Null until it is closed.</summary>
    public CallEnd? End { get; private set; }

    /// <summary>Keeps the provider's name for the call as soon as it is known; the first one counts.</summary>
    public void Note(string id)
    {
        if (generationId is not null) return;
        generationId = id;
        tools.Parts.Ledger.NoteGeneration(open, id);
    }

    public void FirstContent() => firstToken ??= tools.Time.GetElapsedTime(startedAt);

    /// <summary>The caller has left, unless all was over before.</summary>
    public void Cancel(AttemptWire wire) => Close("cancelled", wire, null);

    /// <summary>The first one counts.</summary>
    public void Close(string outcome, AttemptWire wire, ProviderFault? fault)
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0) return;
        var latency = tools.Time.GetElapsedTime(startedAt);
        var usage = Facts.Usage;
        var cost = Cost(outcome, wire);
        End = new CallEnd(outcome, cost.CostUsd, cost.IsEstimated, (usage?.Tokens ?? TokenUsage.None) with { Images = route.Images }, latency, route.IsStreamed ? firstToken : null,
            fault?.Kind.Name(), fault?.Message, generationId, Facts.Model, Facts.ServedBy, Facts.Finish, wire.Status);
        try
        {
            tools.Parts.Ledger.Close(open, End);
        }
        finally
        {
            tools.Parts.Health.Ended(route.Provider, route.Model, outcome, End.ErrorKind, latency);
            tools.Parts.Count(route.Provider, route.Model, route.Candidate.Policy, requestedAt, End);
            tools.Metrics.Ended(route, End, span);
            Tell(fault);
        }
    }

    CallCost Cost(string outcome, AttemptWire wire)
    {
        try
        {
            return CallCost.Of(route.Endpoint.Kind, wire.HasLeft, wire.IsRefused, Facts.Usage, Facts.Finish, outcome == "succeeded", open.Call.Hold, route.Images,
                tokens => route.Candidate.Model.Price is { } price ? tools.Parts.CostOf(price, tokens, tools.Time.GetUtcNow()) : open.Call.Hold.Usd);
        }
        catch (Exception exception) when (exception is OverflowException or ArithmeticException or InvalidOperationException)
        {
            tools.Log.CostNotReckoned(exception, open.SelectionId, route.Provider);
            return new CallCost(open.Call.Hold.Usd, true);
        }
    }

    void Tell(ProviderFault? fault)
    {
        if (Facts.Usages > 1) WireLog.UsageTwice(tools.Log, open.SelectionId, route.Provider, Facts.Usages);
        if (End is { Outcome: "succeeded", IsEstimated: true }) WireLog.CostMissing(tools.Log, open.SelectionId, route.Provider, generationId ?? "none");
        if (fault is not null) tools.Log.AttemptFailed(open.SelectionId, route.Number, route.Provider, route.Model, fault.Kind.Name(), fault.Status);
        if (End!.Outcome == "cancelled") tools.Log.CallerLeft(open.SelectionId, route.Provider, route.Model);
    }

    public static UsageDetails Details(TokenUsage tokens) => new()
    {
        InputTokenCount = tokens.PromptTokens, OutputTokenCount = tokens.CompletionTokens, TotalTokenCount = tokens.PromptTokens + tokens.CompletionTokens,
        CachedInputTokenCount = tokens.CachedTokens, ReasoningTokenCount = tokens.ReasoningTokens,
    };
}
