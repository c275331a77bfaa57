using System.Text.Json;
using System.Text.Json.Nodes;

namespace Routing.Catalog;

/// <summary>A price as JSON, as rows and answers have it: members as its columns are named, exact numbers, without what is null or zero anyway.</summary>
public static class PriceJson
{
    public static JsonObject Of(ModelPrice price)
    {
        var json = new JsonObject { ["prompt_usd"] = Plain(price.PromptUsd), ["completion_usd"] = Plain(price.CompletionUsd) };
        if (price.RequestUsd != 0) json["request_usd"] = Plain(price.RequestUsd);
        if (price.ImageUsd != 0) json["image_usd"] = Plain(price.ImageUsd);
        if (price.SearchUsd != 0) json["search_usd"] = Plain(price.SearchUsd);
        Add(json, "cache_read_usd", price.CacheReadUsd);
        Add(json, "cache_write_usd", price.CacheWriteUsd);
        Add(json, "cache_write_1h_usd", price.CacheWrite1hUsd);
        Add(json, "reasoning_usd", price.ReasoningUsd);
        if (price.Discount != 0) json["discount"] = Plain(price.Discount);
        if (price.Overrides.Count > 0) json["overrides"] = Overrides(price.Overrides);
        return json;
    }

    public static JsonArray Overrides(IEnumerable<PriceOverride> overrides) => [.. overrides.Select(Of)];

    /// <summary>What <see cref="Overrides"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static IReadOnlyList<PriceOverride> ReadOverrides(string json)
    {
        if (json == "[]") return [];
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(Override)];
    }

    static JsonObject Of(PriceOverride other)
    {
        var json = new JsonObject();
        if (other.MinPromptTokens is { } least) json["min_prompt_tokens"] = least;
        if (other.UtcStartMinute is { } start) json["utc_start_minute"] = start;
        if (other.UtcEndMinute is { } end) json["utc_end_minute"] = end;
        Add(json, "prompt_usd", other.PromptUsd);
        Add(json, "completion_usd", other.CompletionUsd);
        Add(json, "request_usd", other.RequestUsd);
        Add(json, "cache_read_usd", other.CacheReadUsd);
        Add(json, "cache_write_usd", other.CacheWriteUsd);
        Add(json, "cache_write_1h_usd", other.CacheWrite1hUsd);
        return json;
    }

    static PriceOverride Override(JsonElement json) => new((long?)Number(json, "min_prompt_tokens"), (int?)Number(json, "utc_start_minute"), (int?)Number(json, "utc_end_minute"),
        Number(json, "prompt_usd"), Number(json, "completion_usd"), Number(json, "request_usd"), Number(json, "cache_read_usd"), Number(json, "cache_write_usd"),
        Number(json, "cache_write_1h_usd"));

    static decimal? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetDecimal() : null;

    static void Add(JsonObject json, string name, decimal? value)
    {
        if (value is { } usd) json[name] = Plain(usd);
    }

    /// <summary>Without the zeros at the end that a column's scale brings along.</summary>
    internal static decimal Plain(decimal value) => value / 1.000000000000000000000000000m;
}
