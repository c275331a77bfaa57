using System.Text.Json;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>The <c>usage</c> object of an answer.</summary>
static class UsageJson
{
    /// <param name="hasUpstream">Without BYOK the upstream cost may be there, the same as the cost, or null; readers must cope with both.</param>
    public static void WriteUsage(this Utf8JsonWriter json, TokenCounts used, Charge charge, CatalogModel model, bool hasUpstream, bool isCostMissing)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", used.Prompt);
        json.WriteNumber("completion_tokens", used.Completion);
        json.WriteNumber("total_tokens", used.Prompt + used.Completion);
        if (!isCostMissing)
        {
            json.WriteMoney("cost", charge.CostUsd);
            json.WriteBoolean("is_byok", charge.IsByok);
            json.WriteStartObject("cost_details");
            json.WriteMoney("upstream_inference_cost", charge.IsByok || hasUpstream ? charge.UpstreamUsd : null);
            json.WriteMoney("upstream_inference_prompt_cost", charge.PromptUsd);
            json.WriteMoney("upstream_inference_completions_cost", charge.CompletionUsd);
            json.WriteEndObject();
        }
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", used.Cached);
        if (model.Pricing.InputCacheWriteUsd is not null) json.WriteNumber("cache_write_tokens", used.CacheWrite);
        json.WriteNumber("audio_tokens", 0);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", used.Reasoning);
        json.WriteEndObject();
        if (used.Searches > 0)
        {
            json.WriteStartObject("server_tool_use_details");
            json.WriteNumber("web_search_requests", used.Searches);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>What the router did, for callers that opted in.</summary>
    public static void WriteMetadata(this Utf8JsonWriter json, Call call, string requested)
    {
        json.WriteStartObject("openrouter_metadata");
        json.WriteString("requested", requested);
        json.WriteString("strategy", requested == call.Model!.Id ? "direct" : "fallback");
        json.WriteNull("region");
        json.WriteString("summary", $"available=1, selected={call.Model.Provider}");
        json.WriteNumber("attempt", 1);
        json.WriteBoolean("is_byok", call.IsByok);
        json.WriteStartObject("endpoints");
        json.WriteNumber("total", 1);
        json.WriteStartArray("available");
        json.WriteStartObject();
        json.WriteString("provider", call.Model.Provider);
        json.WriteString("model", call.Model.Id);
        json.WriteBoolean("selected", true);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
