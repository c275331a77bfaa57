using System.Text.Json;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Wire;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Accounts;

/// <summary><c>/generation?id=</c>: what a call came to, some time after it has ended.</summary>
sealed class GenerationApi(EmulatorParts parts)
{
    public (ReadOnlyMemory<byte> Json, ErrorAnswer? Error) One(HttpContext context)
    {
        if (parts.Keys.Of(context.Request).Error is { } unknown) return (default, unknown);
        if (context.Request.Query["id"] is not [{ Length: > 0 } id]) return (default, ErrorAnswer.Invalid("id is required."));
        if (parts.Ledger.Find(id) is not { Outcome: { } outcome } entry || outcome.ShownAt > parts.Now || outcome.Model.Length == 0)
            return (default, new ErrorAnswer(404, "not_found", $"Generation {id} not found"));
        return (JsonForm.Write(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("data");
            Write(json, entry, outcome);
            json.WriteEndObject();
            json.WriteEndObject();
        }).WrittenMemory, null);
    }

    static void Write(Utf8JsonWriter json, LedgerEntry entry, CallOutcome outcome)
    {
        var tokens = outcome.Tokens;
        json.WriteString("id", entry.GenerationId);
        json.WriteString("upstream_id", $"up-{entry.Number}");
        json.WriteMoney("total_cost", outcome.CostUsd);
        json.WriteMoney("usage", outcome.CostUsd);
        json.WriteMoney("upstream_inference_cost", outcome.IsByok ? outcome.UpstreamUsd : 0);
        json.WriteMoney("cache_discount", outcome.CacheDiscountUsd == 0 ? null : outcome.CacheDiscountUsd);
        json.WriteString("created_at", entry.StartedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null));
        json.WriteString("model", outcome.Model);
        json.WriteString("provider_name", outcome.Provider);
        json.WriteBoolean("is_byok", outcome.IsByok);
        json.WriteBoolean("streamed", entry.IsStreamed);
        json.WriteBoolean("cancelled", outcome.IsCancelled);
        json.WriteString("finish_reason", outcome.FinishReason);
        json.WriteString("native_finish_reason", outcome.FinishReason);
        json.WriteNumber("tokens_prompt", tokens.Prompt);
        json.WriteNumber("tokens_completion", tokens.Completion);
        json.WriteNumber("native_tokens_prompt", tokens.Prompt);
        json.WriteNumber("native_tokens_completion", tokens.Completion);
        json.WriteNumber("native_tokens_reasoning", tokens.Reasoning);
        json.WriteNumber("native_tokens_cached", tokens.Cached);
        json.WriteNumber("native_tokens_completion_images", 0);
        json.WriteNumber("num_media_prompt", tokens.Images);
        json.WriteNumber("num_media_completion", 0);
        json.WriteNumber("num_search_results", tokens.Searches * 5);
        var latency = outcome.FirstTokenAfter ?? outcome.EndedAt - entry.StartedAt;
        var generationTime = outcome.EndedAt - entry.StartedAt - latency;
        json.WriteNumber("latency", (long)latency.TotalMilliseconds);
        json.WriteNumber("generation_time", (long)generationTime.TotalMilliseconds);
        json.WriteStartArray("provider_responses");
        json.WriteStartObject();
        json.WriteString("provider_name", outcome.Provider);
        json.WriteNumber("status", outcome.Status is 0 ? 200 : outcome.Status);
        json.WriteNumber("latency", (long)latency.TotalMilliseconds);
        json.WriteBoolean("is_byok", outcome.IsByok);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("api_type", outcome.Api);
        json.WriteString("request_id", $"req-{entry.Number}");
        json.WriteString("session_id", entry.RequestKey);
        json.WriteString("origin", "");
        json.WriteString("data_region", "global");
        foreach (var name in new[]
        {
            "app_id", "external_user", "http_referer", "moderation_latency", "num_fetches", "num_input_audio_prompt", "preset_id", "response_cache_source_id", "router",
            "service_tier", "user_agent", "web_search_engine", "workspace_id",
        }) json.WriteNull(name);
    }
}
