using System.Globalization;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>What HTTP callers are told of a routed call that came to nothing.</summary>
static class CallRefusal
{
    /// <param name="response">Gets the headers that say whether and when to try again.</param>
    /// <returns>Null when the exception is not routing's.</returns>
    public static ProblemHttpResult? Of(Exception exception, HttpResponse response)
    {
        switch (exception)
        {
            case BudgetExceededException e:
                // Clients in common use try 402 again unless they are told not to.
                if (!response.HasStarted) response.Headers["x-should-retry"] = "false";
                var refusal = Refusal.Of("budget_exceeded", e.Message, StatusCodes.Status402PaymentRequired);
                refusal.ProblemDetails.Extensions["budget"] = RefusalResponse.Of(e.Refusal);
                return refusal;
            case NoModelException e:
                var excluded = e.Excluded.Select(x => new ExcludedResponse(x.Provider.Length == 0 ? null : x.Provider, x.Slug, x.Reason)).ToArray();
                var none = Refusal.Of(e.Code, e.Message, e.Code switch
                {
                    "unknown_policy" => StatusCodes.Status400BadRequest,
                    "too_long" => StatusCodes.Status413PayloadTooLarge,
                    _ => StatusCodes.Status503ServiceUnavailable,
                });
                none.ProblemDetails.Extensions["excluded"] = excluded;
                return none;
            case ChatFailedException e:
                if (e.RetryAfter is { } after && !response.HasStarted) response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                return Refusal.Of("no_answer", e.Message, StatusCodes.Status503ServiceUnavailable);
            case ChatCutException e:
                return Refusal.Of("answer_cut", e.Message, StatusCodes.Status503ServiceUnavailable);
            case NotSupportedException e:
                return Refusal.Invalid(e.Message);
            default:
                return null;
        }
    }
}
