using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Routing.Catalog;

namespace Routing.Calls;

/// <summary>The price that a hold was computed from, as rows keep it: decimals as texts, in US dollars per unit.</summary>
static class PriceJson
{
    static readonly ConditionalWeakTable<ModelPrice, JsonObject> Known = [];

    /// <summary>One object for all calls at the price; not to be changed.</summary>
    public static JsonObject Of(ModelPrice price) => Known.GetValue(price, Write);

    static JsonObject Write(ModelPrice price)
    {
        var json = new JsonObject();
        Add(json, "prompt", price.PromptUsd);
        Add(json, "completion", price.CompletionUsd);
        if (price.RequestUsd != 0) Add(json, "request", price.RequestUsd);
        if (price.ImageUsd != 0) Add(json, "image", price.ImageUsd);
        if (price.SearchUsd != 0) Add(json, "web_search", price.SearchUsd);
        Add(json, "input_cache_read", price.CacheReadUsd);
        Add(json, "input_cache_write", price.CacheWriteUsd);
        Add(json, "input_cache_write_1h", price.CacheWrite1hUsd);
        Add(json, "internal_reasoning", price.ReasoningUsd);
        if (price.Discount != 0) Add(json, "discount", price.Discount);
        if (price.Overrides.Count > 0) json["overrides"] = new JsonArray([.. price.Overrides.Select(Write)]);
        return json;
    }

    static JsonObject Write(PriceOverride other)
    {
        var json = new JsonObject();
        if (other.MinPromptTokens is { } least) json["min_prompt_tokens"] = least;
        if (other.UtcStartMinute is { } start) json["utc_start_minute"] = start;
        if (other.UtcEndMinute is { } end) json["utc_end_minute"] = end;
        Add(json, "prompt", other.PromptUsd);
        Add(json, "completion", other.CompletionUsd);
        Add(json, "request", other.RequestUsd);
        Add(json, "input_cache_read", other.CacheReadUsd);
        Add(json, "input_cache_write", other.CacheWriteUsd);
        Add(json, "input_cache_write_1h", other.CacheWrite1hUsd);
        return json;
    }

    static void Add(JsonObject json, string name, decimal? usd)
    {
        if (usd is { } known) json[name] = known.ToString(CultureInfo.InvariantCulture);
    }
}
