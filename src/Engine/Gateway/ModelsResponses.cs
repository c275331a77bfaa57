using System.Text.Json;
using System.Text.Json.Serialization;
using Routing.Catalog;

namespace Engine.Gateway;

/// <param name="State">selectable, or why it is not: price_unknown, disabled, gone, no_key or provider_disabled.</param>
/// <param name="ContextTokens">Input and output together; null: not known.</param>
/// <param name="Price">In use; null: not known, and never taken for zero.</param>
/// <param name="PriceOrigin">manual (an operator's), provider, or ceiling (the most it can be); null: not known.</param>
/// <param name="CorrectedAt">Null: nobody has corrected it.</param>
/// <param name="Version">Of the corrections; the number in the ETag.</param>
/// <param name="Correction">What is corrected, as a correction is put; null: nothing is.</param>
public sealed record ModelResponse(string Provider, string Slug, string Name, string? CanonicalSlug, string State, long? ContextTokens, long? MaxOutputTokens,
    IReadOnlyList<string> InputModalities, IReadOnlyList<string> OutputModalities, IReadOnlyList<string> Parameters, bool ZeroRetention, IReadOnlyList<string> Regions,
    double? Quality, PriceResponse? Price, string? PriceOrigin, DateTimeOffset? PriceSince, DateTimeOffset? ListedAt, DateTimeOffset? ExpiresAt, DateTimeOffset FirstSeenAt,
    DateTimeOffset? GoneAt, DateTimeOffset? CorrectedAt, string? CorrectedBy, string? Note, long Version, JsonElement? Correction)
{
    public static ModelResponse Of(ListedModelRow m) => new(m.Provider, m.Slug, m.Name, m.CanonicalSlug, m.State, m.ContextTokens, m.MaxOutputTokens, m.InputModalities,
        m.OutputModalities, m.Parameters, m.ZeroRetention, m.Regions, m.Quality, m.Price is { } price ? PriceResponse.Of(price) : null, m.PriceOrigin, m.PriceSince, m.ListedAt,
        m.ExpiresAt, m.FirstSeenAt, m.GoneAt, m.CorrectedAt, m.CorrectedBy, m.Note, m.Version, m.Correction is { } json ? JsonElement.Parse(json) : null);
}

/// <summary>US dollars a token, request, image or search. Null: as the price it is a kind of.</summary>
/// <param name="Discount">Taken off the whole, 0 to 1.</param>
/// <param name="Overrides">Other prices under conditions; the last that applies wins.</param>
public sealed record PriceResponse(decimal PromptUsd, decimal CompletionUsd, decimal RequestUsd, decimal ImageUsd, decimal SearchUsd, decimal? CacheReadUsd,
    decimal? CacheWriteUsd, [property: JsonPropertyName("cache_write_1h_usd")] decimal? CacheWrite1hUsd, decimal? ReasoningUsd, decimal Discount,
    IReadOnlyList<PriceOverrideResponse> Overrides)
{
    public static PriceResponse Of(ModelPrice p) => new(p.PromptUsd, p.CompletionUsd, p.RequestUsd, p.ImageUsd, p.SearchUsd, p.CacheReadUsd, p.CacheWriteUsd, p.CacheWrite1hUsd,
        p.ReasoningUsd, p.Discount, [.. p.Overrides.Select(PriceOverrideResponse.Of)]);
}

/// <param name="MinPromptTokens">For more tokens of input than this.</param>
/// <param name="UtcStartMinute">From this minute of the day on; a window may go over midnight.</param>
/// <param name="UtcEndMinute">Up to this minute, without it.</param>
public sealed record PriceOverrideResponse(long? MinPromptTokens, int? UtcStartMinute, int? UtcEndMinute, decimal? PromptUsd, decimal? CompletionUsd, decimal? RequestUsd,
    decimal? CacheReadUsd, decimal? CacheWriteUsd, [property: JsonPropertyName("cache_write_1h_usd")] decimal? CacheWrite1hUsd)
{
    public static PriceOverrideResponse Of(PriceOverride o) => new(o.MinPromptTokens, o.UtcStartMinute, o.UtcEndMinute, o.PromptUsd, o.CompletionUsd, o.RequestUsd, o.CacheReadUsd,
        o.CacheWriteUsd, o.CacheWrite1hUsd);
}

/// <param name="Kind">new, gone, back, price_up, price_down, changed or corrected.</param>
/// <param name="Detail">What it was and what it is.</param>
public sealed record ModelChangeResponse(long ChangeId, DateTimeOffset ChangedAt, string Provider, string Slug, string Kind, JsonElement Detail)
{
    public static ModelChangeResponse Of(ModelChangeRow row) => new(row.ChangeId, row.ChangedAt, row.Provider, row.Slug, row.Kind, JsonElement.Parse(row.Detail));
}

/// <param name="Provider">Null: all that are enabled.</param>
/// <param name="Force">Lets more than half of a provider's models go at once.</param>
public sealed record SyncModelsRequest(string? Provider = null, bool Force = false);

public sealed record SyncedModelsResponse(IReadOnlyList<SyncedProviderResponse> Providers);

/// <param name="Outcome">synced, failed or suspicious: more than half of the models were missing, and nothing was changed.</param>
/// <param name="Problem">Null when it was synced.</param>
/// <param name="Models">That are listed now.</param>
/// <param name="LeftOut">Items of the list that are of no use, up to a hundred of them.</param>
public sealed record SyncedProviderResponse(string Provider, string Outcome, string? Problem, int Models, int New, int Gone, int Back, int PriceUp, int PriceDown, int Changed,
    IReadOnlyList<LeftOutItem> LeftOut, double TookSeconds)
{
    const int MostLeftOut = 100;

    public static SyncedProviderResponse Of(string provider, SyncOutcome outcome) => outcome is SyncOutcome.Done { Report: var r }
        ? new(provider, "synced", null, r.Models, r.New, r.Gone, r.Back, r.PriceUp, r.PriceDown, r.Changed, [.. r.LeftOut.Take(MostLeftOut)], Math.Round(r.Took.TotalSeconds, 3))
        : new(provider, outcome is SyncOutcome.Suspicious ? "suspicious" : "failed", SyncModelsDuty.Told(outcome), 0, 0, 0, 0, 0, 0, 0, [], 0);
}

/// <summary>What an operator knows better than the provider; what is left out is the provider's.</summary>
/// <param name="Enabled">False takes the model out of every decision.</param>
/// <param name="Price">What it costs; zero only where the provider bills nobody.</param>
/// <param name="Ceiling">The most that it can cost, used for as long as its price is not known; above zero.</param>
/// <param name="Quality">How good it is thought to be before anything is known, 0 to 1.</param>
/// <param name="Note">Why, for people.</param>
public sealed record ModelCorrectionRequest(bool? Enabled = null, long? ContextTokens = null, long? MaxOutputTokens = null, PriceRequest? Price = null, PriceRequest? Ceiling = null,
    bool? ZeroRetention = null, IReadOnlyList<string>? Regions = null, IReadOnlyList<string>? InputModalities = null, IReadOnlyList<string>? Parameters = null,
    double? Quality = null, string? Note = null)
{
    internal ModelCorrection Correction => new(Enabled, ContextTokens, MaxOutputTokens, Price?.Price, Ceiling?.Price, ZeroRetention, Regions, InputModalities, Parameters, Quality, Note);
}

/// <summary>US dollars a token, request, image or search.</summary>
public sealed record PriceRequest(decimal PromptUsd, decimal CompletionUsd, decimal RequestUsd = 0, decimal ImageUsd = 0, decimal SearchUsd = 0, decimal? CacheReadUsd = null,
    decimal? CacheWriteUsd = null, [property: JsonPropertyName("cache_write_1h_usd")] decimal? CacheWrite1hUsd = null, decimal? ReasoningUsd = null)
{
    internal ModelPrice Price => new(PromptUsd, CompletionUsd, RequestUsd, ImageUsd, SearchUsd, CacheReadUsd, CacheWriteUsd, CacheWrite1hUsd, ReasoningUsd);
}
