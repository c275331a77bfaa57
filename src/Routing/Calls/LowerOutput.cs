using Routing.Selection;

namespace Routing.Calls;

/// <summary>
/// Makes a call fit that a budget has just refused, by letting it say less: the decision knew what was left a moment ago, the refusal knows it now.
/// </summary>
static class LowerOutput
{
    /// <returns>Null when even the least output does not fit.</returns>
    public static Candidate? ToFit(Candidate candidate, NanoUsd left, int leastTokens)
    {
        var over = candidate.Hold - left;
        if (over <= NanoUsd.Zero) return candidate;
        if (LeastUsdOfToken(candidate) is not (> 0 and var token)) return null;
        // A token is reckoned at the least that it can have been held at, so that the new hold is never too small.
        var fewer = decimal.Ceiling(over.Usd / token);
        var tokens = candidate.MaxTokens - fewer;
        if (tokens < Math.Min(leastTokens, candidate.MaxTokens)) return null;
        var hold = candidate.Hold - NanoUsd.Floor(fewer * token);
        return candidate with
        {
            MaxTokens = (int)tokens, Hold = hold, EstimatedUsd = Math.Min(candidate.EstimatedUsd, hold.Usd),
            Reasons = [.. candidate.Reasons, $"Its answer may have {(int)tokens} tokens instead of {candidate.MaxTokens}: {left} is left of a budget."],
        };
    }

    static decimal? LeastUsdOfToken(Candidate candidate)
    {
        if (candidate.Model.Price is not { } price) return null;
        var least = price.CompletionUsd;
        foreach (var other in price.Overrides) least = Math.Min(least, other.CompletionUsd ?? least);
        return least * (1 - price.Discount);
    }
}
