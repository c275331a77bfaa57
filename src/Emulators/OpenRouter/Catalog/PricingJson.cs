using System.Globalization;
using System.Text.Json;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Catalog;

/// <summary>Prices as the wire has them: strings of dollars, a discount as a number, conditions in a list.</summary>
static class PricingJson
{
    public static void WritePricing(this Utf8JsonWriter json, Pricing pricing)
    {
        json.WriteStartObject("pricing");
        json.WritePrice("prompt", pricing.PromptUsd);
        json.WritePrice("completion", pricing.CompletionUsd);
        json.WritePrice("request", pricing.RequestUsd);
        json.WritePrice("image", pricing.ImageUsd);
        json.WritePrice("web_search", pricing.WebSearchUsd);
        json.WritePrice("internal_reasoning", pricing.InternalReasoningUsd);
        json.WritePrice("input_cache_read", pricing.InputCacheReadUsd);
        json.WritePrice("input_cache_write", pricing.InputCacheWriteUsd);
        json.WritePrice("input_cache_write_1h", pricing.InputCacheWrite1hUsd);
        if (pricing.Discount != 0) json.WriteNumber("discount", pricing.Discount);
        if (pricing.Overrides.Count > 0)
        {
            json.WriteStartArray("overrides");
            foreach (var change in pricing.Overrides) Write(json, change);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, PriceOverride change)
    {
        json.WriteStartObject();
        if (change.MinPromptTokens is { } least) json.WriteNumber("min_prompt_tokens", least);
        if (change.UtcStart is { } start) json.WriteNumber("utc_start", start);
        if (change.UtcEnd is { } end) json.WriteNumber("utc_end", end);
        json.WritePrice("prompt", change.PromptUsd);
        json.WritePrice("completion", change.CompletionUsd);
        json.WritePrice("input_cache_read", change.InputCacheReadUsd);
        json.WritePrice("input_cache_write", change.InputCacheWriteUsd);
        json.WritePrice("input_cache_write_1h", change.InputCacheWrite1hUsd);
        json.WriteEndObject();
    }

    /// <summary>Reads a <c>pricing</c> object; what it leaves out stays as it was.</summary>
    /// <exception cref="FormatException">A price is no number.</exception>
    public static Pricing Read(JsonElement pricing, Pricing before) => before with
    {
        PromptUsd = Price(pricing, "prompt") ?? before.PromptUsd,
        CompletionUsd = Price(pricing, "completion") ?? before.CompletionUsd,
        RequestUsd = Price(pricing, "request") ?? before.RequestUsd,
        ImageUsd = Price(pricing, "image") ?? before.ImageUsd,
        WebSearchUsd = Price(pricing, "web_search") ?? before.WebSearchUsd,
        InternalReasoningUsd = Price(pricing, "internal_reasoning") ?? before.InternalReasoningUsd,
        InputCacheReadUsd = Price(pricing, "input_cache_read") ?? before.InputCacheReadUsd,
        InputCacheWriteUsd = Price(pricing, "input_cache_write") ?? before.InputCacheWriteUsd,
        InputCacheWrite1hUsd = Price(pricing, "input_cache_write_1h") ?? before.InputCacheWrite1hUsd,
        Discount = Price(pricing, "discount") ?? before.Discount,
        Overrides = pricing.TryGetProperty("overrides", out var overrides) ? [.. overrides.EnumerateArray().Select(ReadOverride)] : before.Overrides,
    };

    static PriceOverride ReadOverride(JsonElement change) => new()
    {
        MinPromptTokens = Number(change, "min_prompt_tokens"), UtcStart = Number(change, "utc_start"), UtcEnd = Number(change, "utc_end"),
        PromptUsd = Price(change, "prompt"), CompletionUsd = Price(change, "completion"), InputCacheReadUsd = Price(change, "input_cache_read"),
        InputCacheWriteUsd = Price(change, "input_cache_write"), InputCacheWrite1hUsd = Price(change, "input_cache_write_1h"),
    };

    static int? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetInt32() : null;

    static decimal? Price(JsonElement json, string name) => !json.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? decimal.Parse(value.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture) : value.GetDecimal();
}
