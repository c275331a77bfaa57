using Emulators.OpenRouter.Catalog;

namespace Emulators.OpenRouter.Billing;

/// <summary>What one call costs, exactly; nothing is rounded.</summary>
/// <param name="CostUsd">What is taken from the credits: under BYOK the fee alone.</param>
/// <param name="UpstreamUsd">What the provider takes; it is a part of the cost, or under BYOK comes on top of it.</param>
/// <param name="PromptUsd">The part of <paramref name="UpstreamUsd"/> for input, fees included.</param>
/// <param name="CompletionUsd">The part of it for output.</param>
public readonly record struct Charge(decimal CostUsd, decimal UpstreamUsd, decimal PromptUsd, decimal CompletionUsd, bool IsByok)
{
    /// <summary>What OpenRouter takes for a call on the customer's own provider key.</summary>
    public const decimal ByokFee = 0.05m;

    /// <summary>
    /// (prompt − cached − written)·prompt + cached·read + written·write + (completion − reasoning)·completion + reasoning·reasoning + request +
    /// images + searches, times (1 − discount), at the prices that hold for so many prompt tokens now.
    /// </summary>
    /// <param name="isInsured">Nothing came, or an error ended it: tokens and images are free, the fees for the request and its searches are not.</param>
    public static Charge Of(Pricing pricing, TokenCounts used, DateTimeOffset now, bool isByok = false, bool isInsured = false)
    {
        var price = pricing.At(used.Prompt, now);
        var promptUsd = isInsured ? 0 : Prompt(price, used) + used.Images * (price.ImageUsd ?? 0);
        var completionUsd = isInsured ? 0 : Completion(price, used);
        var feesUsd = (price.RequestUsd ?? 0) + used.Searches * (price.WebSearchUsd ?? 0);
        var left = 1 - price.Discount;
        var upstreamUsd = (promptUsd + completionUsd + feesUsd) * left;
        return new Charge(isByok ? upstreamUsd * ByokFee : upstreamUsd, upstreamUsd, (promptUsd + feesUsd) * left, completionUsd * left, isByok);
    }

    static decimal Prompt(Pricing price, TokenCounts used)
    {
        var writeUsd = (used.IsHourLong ? price.InputCacheWrite1hUsd : null) ?? price.InputCacheWriteUsd ?? price.PromptUsd;
        return (used.Prompt - used.Cached - used.CacheWrite) * price.PromptUsd + used.Cached * (price.InputCacheReadUsd ?? price.PromptUsd) + used.CacheWrite * writeUsd;
    }

    /// <summary>
    /// Reasoning tokens are completion tokens; where they have a price of their own it takes the place of the other, and none is billed twice. More of them than
    /// there are completion tokens have been counted apart.
    /// </summary>
    static decimal Completion(Pricing price, TokenCounts used) =>
        Math.Max(0, used.Completion - used.Reasoning) * price.CompletionUsd + used.Reasoning * (price.InternalReasoningUsd is > 0 and var own ? own : price.CompletionUsd);
}
