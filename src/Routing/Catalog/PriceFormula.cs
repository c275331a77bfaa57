namespace Routing.Catalog;

/// <summary>What a call costs: exactly, when its usage is known, and at most, before it is made.</summary>
public static class PriceFormula
{
    /// <summary>Tokens of input that nobody sent: chat templates, and the instructions that providers add for tools (346 of them at Anthropic).</summary>
    public const int ExtraTokens = 1024;

    /// <summary>More than any model makes of an image; its bytes say nothing about that, above all where only its address is sent.</summary>
    public const int TokensPerImage = 50_000;

    /// <summary>More than a search puts into the input.</summary>
    public const int TokensPerSearch = 20_000;

    const int MinutesPerDay = 24 * 60;

    /// <summary>
    /// ((prompt − cached − written)·prompt + cached·read + written·write + (completion − reasoning)·completion + reasoning·reasoning + request + images +
    /// searches) × (1 − discount), at the prices that hold for so many tokens of input at that time. Reasoning is a part of the output: where it has a price of
    /// its own, that takes the place of the other, so that no token is billed twice. More of it than there was output has been counted apart.
    /// </summary>
    public static decimal CostUsd(ModelPrice price, TokenUsage usage, DateTimeOffset now)
    {
        var at = At(price, usage.PromptTokens, now);
        var write = at.CacheWriteUsd ?? at.PromptUsd;
        // More from and to a cache than there was input: counted as input, too, so that it never costs less than it may.
        var plain = Math.Max(0, usage.PromptTokens - usage.CachedTokens - usage.CacheWriteTokens - usage.CacheWrite1hTokens);
        var gross = plain * at.PromptUsd + usage.CachedTokens * (at.CacheReadUsd ?? at.PromptUsd)
            + usage.CacheWriteTokens * write + usage.CacheWrite1hTokens * (at.CacheWrite1hUsd ?? write)
            + Math.Max(0, usage.CompletionTokens - usage.ReasoningTokens) * at.CompletionUsd + usage.ReasoningTokens * ReasoningUsd(at)
            + at.RequestUsd + usage.Images * at.ImageUsd + usage.Searches * at.SearchUsd;
        return gross * (1 - at.Discount);
    }

    /// <summary>
    /// The most that a call can cost, at any time: the dearest of all prices that its tokens may fall under, and no discount, which may end before
    /// it is billed. Output has the price of reasoning besides its own, for providers that bill both. Sound weighs so many
    /// bytes that they cover its price, which the catalog does not have; output that is no text is not asked for and not counted.
    /// </summary>
    /// <param name="inputBytes">Of all that is sent, in UTF-8. A token is at least a byte.</param>
    /// <param name="maxOutputTokens">Reasoning included.</param>
    /// <param name="searches">How many it may make.</param>
    /// <exception cref="ArgumentOutOfRangeException">Something is less than nothing.</exception>
    public static decimal MostUsd(ModelPrice price, long inputBytes, long maxOutputTokens, int images = 0, int searches = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(maxOutputTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(images);
        ArgumentOutOfRangeException.ThrowIfNegative(searches);
        decimal inputUsd = DearestInputUsd(price), outputUsd = price.CompletionUsd, requestUsd = price.RequestUsd;
        foreach (var other in price.Overrides)
        {
            inputUsd = Max(inputUsd, other.PromptUsd, other.CacheReadUsd, other.CacheWriteUsd, other.CacheWrite1hUsd);
            outputUsd = Max(outputUsd, other.CompletionUsd);
            requestUsd = Max(requestUsd, other.RequestUsd);
        }
        var inputTokens = (decimal)inputBytes + ExtraTokens + (decimal)images * TokensPerImage + (decimal)searches * TokensPerSearch; // more than 64 bits may hold
        return inputTokens * inputUsd + maxOutputTokens * (outputUsd + (price.ReasoningUsd ?? 0)) + requestUsd + images * price.ImageUsd + searches * price.SearchUsd;
    }

    /// <summary>The prices that hold for a call with so much input at that time: each price is that of the last override that applies and names it.</summary>
    public static ModelPrice At(ModelPrice price, long promptTokens, DateTimeOffset now)
    {
        var minute = (int)now.UtcDateTime.TimeOfDay.TotalMinutes;
        foreach (var other in price.Overrides)
            if (Applies(other, promptTokens, minute))
                price = price with
                {
                    PromptUsd = other.PromptUsd ?? price.PromptUsd, CompletionUsd = other.CompletionUsd ?? price.CompletionUsd,
                    RequestUsd = other.RequestUsd ?? price.RequestUsd, CacheReadUsd = other.CacheReadUsd ?? price.CacheReadUsd,
                    CacheWriteUsd = other.CacheWriteUsd ?? price.CacheWriteUsd, CacheWrite1hUsd = other.CacheWrite1hUsd ?? price.CacheWrite1hUsd,
                };
        return price;
    }

    static bool Applies(PriceOverride other, long promptTokens, int minute)
    {
        if (promptTokens <= other.MinPromptTokens) return false;
        int start = other.UtcStartMinute ?? 0, end = other.UtcEndMinute ?? MinutesPerDay;
        return start < end ? start <= minute && minute < end : start == end || minute >= start || minute < end;
    }

    /// <summary>What a token of reasoning costs: a price of nothing is none.</summary>
    public static decimal ReasoningUsd(ModelPrice price) => price.ReasoningUsd is > 0 and var own ? own : price.CompletionUsd;

    static decimal DearestInputUsd(ModelPrice price) => Max(price.PromptUsd, price.CacheReadUsd, price.CacheWriteUsd, price.CacheWrite1hUsd);

    static decimal Max(decimal most, params ReadOnlySpan<decimal?> others)
    {
        foreach (var other in others)
            if (other > most) most = other.Value;
        return most;
    }
}
