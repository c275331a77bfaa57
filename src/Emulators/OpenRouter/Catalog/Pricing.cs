namespace Emulators.OpenRouter.Catalog;

/// <summary>What a model costs, in USD per token, image, request or search. A negative price is a router's: unknown until it has chosen.</summary>
/// <param name="PromptUsd">Of an input token that is neither read from nor written to a cache.</param>
public sealed record Pricing(decimal PromptUsd, decimal CompletionUsd)
{
    public decimal? RequestUsd { get; init; }

    public decimal? ImageUsd { get; init; }

    public decimal? WebSearchUsd { get; init; }

    /// <summary>Of a reasoning token; null or zero: it costs what a completion token costs.</summary>
    public decimal? InternalReasoningUsd { get; init; }

    public decimal? InputCacheReadUsd { get; init; }

    public decimal? InputCacheWriteUsd { get; init; }

    public decimal? InputCacheWrite1hUsd { get; init; }

    /// <summary>From 0 to 1; everything is multiplied by what it leaves.</summary>
    public decimal Discount { get; init; }

    public IReadOnlyList<PriceOverride> Overrides { get; init; } = [];

    public static Pricing Free { get; } = new(0, 0);

    /// <summary>A router's: what it costs is known when it has chosen.</summary>
    public static Pricing Unknown { get; } = new(-1, -1);

    /// <summary>Prices as people speak of them, in USD per million tokens.</summary>
    /// <param name="read">Of tokens read from a cache.</param>
    /// <param name="write">Of tokens written to a cache for five minutes.</param>
    /// <param name="write1h">Of tokens written to a cache for an hour.</param>
    public static Pricing PerMillion(decimal prompt, decimal completion, decimal? read = null, decimal? write = null, decimal? write1h = null) =>
        new(prompt / 1_000_000, completion / 1_000_000)
        {
            InputCacheReadUsd = read / 1_000_000, InputCacheWriteUsd = write / 1_000_000, InputCacheWrite1hUsd = write1h / 1_000_000,
        };

    /// <summary>The prices that hold for one request: of the overrides that apply, later ones win for each price.</summary>
    public Pricing At(int promptTokens, DateTimeOffset now)
    {
        var effective = this;
        foreach (var change in Overrides)
            if (change.Applies(promptTokens, now))
                effective = effective with
                {
                    PromptUsd = change.PromptUsd ?? effective.PromptUsd,
                    CompletionUsd = change.CompletionUsd ?? effective.CompletionUsd,
                    InputCacheReadUsd = change.InputCacheReadUsd ?? effective.InputCacheReadUsd,
                    InputCacheWriteUsd = change.InputCacheWriteUsd ?? effective.InputCacheWriteUsd,
                    InputCacheWrite1hUsd = change.InputCacheWrite1hUsd ?? effective.InputCacheWrite1hUsd,
                };
        return effective;
    }
}

/// <summary>Other prices under a condition; it applies when all that is given of the condition holds. A price that is null stays as it is.</summary>
public sealed record PriceOverride
{
    /// <summary>More prompt tokens than this, not as many.</summary>
    public int? MinPromptTokens { get; init; }

    /// <summary>Beginning of a daily window as a clock number, 1030 for 10:30; inclusive.</summary>
    public int? UtcStart { get; init; }

    /// <summary>End of that window, exclusive; before its beginning when it goes past midnight.</summary>
    public int? UtcEnd { get; init; }

    public decimal? PromptUsd { get; init; }

    public decimal? CompletionUsd { get; init; }

    public decimal? InputCacheReadUsd { get; init; }

    public decimal? InputCacheWriteUsd { get; init; }

    public decimal? InputCacheWrite1hUsd { get; init; }

    public bool Applies(int promptTokens, DateTimeOffset now) =>
        (MinPromptTokens is not { } least || promptTokens > least) && IsInWindow(now.UtcDateTime.Hour * 100 + now.UtcDateTime.Minute);

    bool IsInWindow(int clock) => (UtcStart, UtcEnd) switch
    {
        (null, null) => true,
        var (start, end) when (start ?? 0) <= (end ?? 2400) => clock >= (start ?? 0) && clock < (end ?? 2400),
        var (start, end) => clock >= start || clock < end,
    };
}
