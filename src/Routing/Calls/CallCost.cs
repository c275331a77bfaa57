using Routing.Catalog;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What an attempt has cost, as far as it is known.</summary>
/// <param name="CostUsd">Exact; where it is estimated, the most that it can have been.</param>
public readonly record struct CallCost(decimal CostUsd, bool IsEstimated)
{
    public static readonly CallCost Nothing = new(0, false);

    /// <summary>
    /// What the provider says is the truth. Where it says nothing, but tells the tokens, they are reckoned: for good at a provider that never names a
    /// cost, for the time being at one that does. Where it tells nothing, it may be all that was held.
    /// </summary>
    /// <param name="hasLeft">Whether the request has left: what has not cannot be billed.</param>
    /// <param name="isRefused">It was answered with an error's status: nothing was computed.</param>
    /// <param name="finish">Why the answer ended; null: it did not.</param>
    /// <param name="isWhole">The answer came to its end, whatever that was.</param>
    /// <param name="reckon">The formula of the price: what so many tokens cost.</param>
    public static CallCost Of(WireKind kind, bool hasLeft, bool isRefused, WireUsage? usage, string? finish, bool isWhole, NanoUsd hold, int images, Func<TokenUsage, decimal> reckon)
    {
        if (!hasLeft || isRefused || hold == NanoUsd.Zero && usage?.SpentUsd is null) return Nothing;
        if (usage?.SpentUsd is { } spent) return new(spent, false);
        var namesCost = kind == WireKind.OpenRouter;
        if (usage is { IsByok: true }) return new(hold.Usd, true);
        if (namesCost && IsInsured(usage, finish, isWhole)) return new(reckon(new TokenUsage(0, 0, Images: images)), true);
        if (usage is { HasTokens: true }) return new(reckon(usage.Tokens with { Images = images }), namesCost);
        return new(hold.Usd, true);
    }

    /// <summary>OpenRouter bills no tokens of an answer that ended in an error, or without a token and without a reason; fees it may bill.</summary>
    static bool IsInsured(WireUsage? usage, string? finish, bool isWhole) =>
        finish == "error" || isWhole && string.IsNullOrEmpty(finish) && usage is { HasTokens: true, Tokens.CompletionTokens: 0 };
}
