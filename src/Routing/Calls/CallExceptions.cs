using System.Net;
using Microsoft.Extensions.AI;
using Routing.Budgets;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>No attempt led to an answer. Messages name routes and kinds of errors, never what was sent or said.</summary>
/// <param name="kind">Of the last attempt, such as <c>rate_limited</c>.</param>
/// <param name="retryAfter">When the provider may be asked again; null: it did not say.</param>
public sealed class ChatFailedException(string kind, int? status, TimeSpan? retryAfter, IReadOnlyList<AttemptNote> attempts)
    : HttpRequestException($"No model answered: {string.Join("; ", attempts)}.", null, (HttpStatusCode?)status)
{
    public string Kind => kind;

    public TimeSpan? RetryAfter => retryAfter;

    public IReadOnlyList<AttemptNote> Attempts => attempts;
}

/// <summary>An answer broke off after a part of it was given out already.</summary>
/// <param name="got">What was given out.</param>
public sealed class ChatCutException(AttemptNote attempt, ChatResponse got) : HttpRequestException($"The answer broke off: {attempt}.")
{
    public AttemptNote Attempt => attempt;

    public ChatResponse Got => got;
}

/// <summary>A budget does not have room for the call; nothing was sent.</summary>
public sealed class BudgetExceededException(BudgetRefusal refusal) : Exception(refusal.ToString())
{
    public BudgetRefusal Refusal => refusal;
}

/// <summary>There is no model for the request; nothing was sent.</summary>
/// <param name="code">unknown_policy, no_usable_model, too_long or over_budget.</param>
public sealed class NoModelException(string code, string reason, IReadOnlyList<Excluded> excluded) : Exception(reason)
{
    public string Code => code;

    public IReadOnlyList<Excluded> Excluded => excluded;
}
