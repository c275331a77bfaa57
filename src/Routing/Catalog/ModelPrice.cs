namespace Routing.Catalog;

/// <summary>What a model costs at one provider, in US dollars per unit, exact. A price that is not known is null in the catalog, never zero here.</summary>
/// <param name="PromptUsd">A token of input.</param>
/// <param name="CompletionUsd">A token of output.</param>
/// <param name="RequestUsd">A request, whatever its size.</param>
/// <param name="ImageUsd">An image of the input.</param>
/// <param name="SearchUsd">A web search.</param>
/// <param name="CacheReadUsd">A token of input that a cache had; null: as any other.</param>
/// <param name="CacheWriteUsd">A token of input that is written to a cache; null: as any other.</param>
/// <param name="CacheWrite1hUsd">The same for an hour's cache; null: as <paramref name="CacheWriteUsd"/>.</param>
/// <param name="ReasoningUsd">A token of reasoning, in the place of its price as output; null or 0: as any other.</param>
/// <param name="Discount">Share that is taken off the whole, 0 to 1.</param>
public sealed record ModelPrice(decimal PromptUsd, decimal CompletionUsd, decimal RequestUsd = 0, decimal ImageUsd = 0, decimal SearchUsd = 0,
    decimal? CacheReadUsd = null, decimal? CacheWriteUsd = null, decimal? CacheWrite1hUsd = null, decimal? ReasoningUsd = null, decimal Discount = 0)
{
    /// <summary>Other prices under conditions; the last that applies wins.</summary>
    public IReadOnlyList<PriceOverride> Overrides { get; init; } = [];
}

/// <summary>Prices that hold instead under conditions; a null price is left as it is.</summary>
/// <param name="MinPromptTokens">Only for inputs of strictly more tokens; null: of any size.</param>
/// <param name="UtcStartMinute">From this minute of the day (UTC, 0 to 1439, inclusive); null: at any time. A window may go over midnight.</param>
/// <param name="UtcEndMinute">Until this minute, exclusive.</param>
public sealed record PriceOverride(long? MinPromptTokens, int? UtcStartMinute, int? UtcEndMinute, decimal? PromptUsd = null, decimal? CompletionUsd = null,
    decimal? RequestUsd = null, decimal? CacheReadUsd = null, decimal? CacheWriteUsd = null, decimal? CacheWrite1hUsd = null);
