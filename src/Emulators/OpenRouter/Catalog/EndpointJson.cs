using System.Text.Json;
using Emulators.OpenRouter.Chat;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Catalog;

/// <summary>A model's one endpoint.</summary>
static class EndpointJson
{
    /// <param name="hasKey">Without a key latency and throughput are null.</param>
    public static void Write(Utf8JsonWriter json, CatalogModel model, bool hasKey)
    {
        json.WriteStartObject();
        json.WriteString("name", $"{model.Provider} | {model.CanonicalSlug}");
        json.WriteString("model_id", model.CanonicalSlug);
        json.WriteString("model_name", model.Name);
        json.WriteString("provider_name", model.Provider);
        json.WriteString("tag", Eligible.ProviderSlug(model.Provider));
        json.WritePricing(model.Pricing);
        json.WriteNumber("context_length", model.ContextLength);
        if (model.MaxCompletionTokens is { } most) json.WriteNumber("max_completion_tokens", most);
        else json.WriteNull("max_completion_tokens");
        json.WriteNull("max_prompt_tokens");
        json.WriteString("quantization", "unknown");
        json.WriteNumber("status", 0);
        json.WriteTexts("supported_parameters", ModelJson.Parameters(model));
        json.WriteBoolean("supports_implicit_caching", model.Pricing is { InputCacheReadUsd: not null, InputCacheWriteUsd: null });
        json.WriteBoolean("supports_voice_cloning", false);
        json.WriteStartObject("supports_tool_choice");
        foreach (var choice in new[] { "auto", "none", "required", "function" }) json.WriteBoolean(choice, model.HasTools);
        json.WriteEndObject();
        json.WriteNumber("uptime_last_5m", 100);
        json.WriteNumber("uptime_last_30m", 99.95);
        json.WriteNumber("uptime_last_1d", 99.9);
        WritePercentiles(json, "latency_last_30m", hasKey, 420, 610, 980, 2300);
        WritePercentiles(json, "throughput_last_30m", hasKey, 85, 60, 42, 18);
        json.WriteEndObject();
    }

    static void WritePercentiles(Utf8JsonWriter json, string name, bool isShown, int p50, int p75, int p90, int p99)
    {
        if (!isShown)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("p50", p50);
        json.WriteNumber("p75", p75);
        json.WriteNumber("p90", p90);
        json.WriteNumber("p99", p99);
        json.WriteEndObject();
    }
}
