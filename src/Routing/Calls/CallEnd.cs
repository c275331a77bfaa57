using Routing.Catalog;

namespace Routing.Calls;

/// <summary>How an attempt at a call went.</summary>
/// <param name="Outcome">succeeded, failed or cancelled (the caller left).</param>
/// <param name="CostUsd">What the provider billed, exact; where it has not said so yet, what it can have cost at most.</param>
/// <param name="IsEstimated">The provider has not said yet: to be settled later.</param>
/// <param name="ErrorKind">Snake case, such as <c>rate_limited</c>, <c>timeout</c>, <c>provider_unavailable</c>; null when it succeeded.</param>
/// <param name="Latency">To the end of the answer.</param>
/// <param name="FirstToken">To the first content; null when none came or it was not streamed.</param>
/// <param name="GenerationId">The provider's name for the call; null when it gave none.</param>
/// <param name="ServedModel">The model that answered, as the provider says; null when it did not say.</param>
/// <param name="ServedBy">The provider behind the provider; null when it did not say.</param>
/// <param name="HttpStatus">Null when no answer came.</param>
public sealed record CallEnd(string Outcome, decimal CostUsd, bool IsEstimated, TokenUsage Usage, TimeSpan Latency, TimeSpan? FirstToken = null, string? ErrorKind = null,
    string? Error = null, string? GenerationId = null, string? ServedModel = null, string? ServedBy = null, string? FinishReason = null, int? HttpStatus = null)
{
    /// <summary>It was entered and never sent: nobody wanted it any more.</summary>
    public static readonly CallEnd NeverMade = new("cancelled", 0, false, TokenUsage.None, TimeSpan.Zero, ErrorKind: "caller_left");
}
