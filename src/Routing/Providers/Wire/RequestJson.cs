using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Routing.Providers.Wire;

/// <summary>Writes what stands beside the messages of a chat request.</summary>
static class RequestJson
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>For values that others have made: arguments, results, options.</summary>
    public static readonly JsonSerializerOptions Values = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    const int MostStops = 4;

    /// <summary>
    /// Options that the abstraction has no member for and that are passed on as they are. Others stay here: <c>plugins</c>, <c>service_tier</c> and
    /// <c>models</c> would cost what nobody has held money for.
    /// </summary>
    static readonly string[] PassedOn = ["min_p", "top_a", "repetition_penalty", "logit_bias", "session_id", "prompt_cache_key", "user", "verbosity"];

    /// <summary>Refuses what no provider takes, before any money is held for it.</summary>
    public static void Check(ChatOptions? options)
    {
        if (options?.StopSequences is { Count: > MostStops } stops) throw new ArgumentException($"A request has at most {MostStops} stop sequences, has {stops.Count}.");
    }

    /// <summary>The part that differs from attempt to attempt, without the brace that ends it.</summary>
    public static void WriteHead(Utf8JsonWriter json, ProviderEndpoint endpoint, ModelAsked asked, ChatOptions? options)
    {
        json.WriteStartObject();
        json.WriteString("model", asked.Model);
        json.WriteBoolean("stream", asked.IsStreamed);
        json.WriteNumber(endpoint.Kind == WireKind.Compatible ? "max_tokens" : "max_completion_tokens", asked.MaxTokens);
        if (asked.IsStreamed && endpoint.Kind != WireKind.OpenRouter)
        {
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }
        WriteSampling(json, asked, options);
        WriteReasoning(json, endpoint.Kind, options);
        if (endpoint.Kind == WireKind.OpenRouter) WriteUpstream(json, asked);
        foreach (var name in PassedOn)
            if (options?.AdditionalProperties?.TryGetValue(name, out var value) == true) WriteAny(json, name, value);
    }

    static void WriteSampling(Utf8JsonWriter json, ModelAsked asked, ChatOptions? options)
    {
        if ((options?.Temperature ?? asked.Temperature) is { } temperature && asked.Understands("temperature"))
            json.WriteNumber("temperature", (decimal)Math.Round(temperature, 4));
        if (options is null) return;
        if (options.TopP is { } topP && asked.Understands("top_p")) json.WriteNumber("top_p", (decimal)topP);
        if (options.TopK is { } topK && asked.Understands("top_k")) json.WriteNumber("top_k", topK);
        if (options.FrequencyPenalty is { } frequency && asked.Understands("frequency_penalty")) json.WriteNumber("frequency_penalty", (decimal)frequency);
        if (options.PresencePenalty is { } presence && asked.Understands("presence_penalty")) json.WriteNumber("presence_penalty", (decimal)presence);
        if (options.Seed is { } seed) json.WriteNumber("seed", seed);
        if (options.StopSequences is { Count: > 0 } stops) WriteStops(json, stops);
    }

    static void WriteStops(Utf8JsonWriter json, IList<string> stops)
    {
        json.WriteStartArray("stop");
        foreach (var stop in stops) json.WriteStringValue(stop);
        json.WriteEndArray();
    }

    static void WriteReasoning(Utf8JsonWriter json, WireKind kind, ChatOptions? options)
    {
        var effort = Effort(options);
        if (kind != WireKind.OpenRouter)
        {
            if (effort is not null) json.WriteString("reasoning_effort", effort);
            return;
        }
        if (options?.AdditionalProperties?.TryGetValue("reasoning", out var whole) == true)
        {
            WriteAny(json, "reasoning", whole);
            return;
        }
        var isHidden = options?.Reasoning?.Output == ReasoningOutput.None;
        if (effort is null && !isHidden) return;
        json.WriteStartObject("reasoning");
        if (effort is not null) json.WriteString("effort", effort);
        if (isHidden) json.WriteBoolean("exclude", true);
        json.WriteEndObject();
    }

    static string? Effort(ChatOptions? options) =>
        options?.AdditionalProperties?.TryGetValue("reasoning_effort", out var named) == true && named is string effort ? effort
        : options?.Reasoning?.Effort switch
        {
            ReasoningEffort.None => "none",
            ReasoningEffort.Low => "low",
            ReasoningEffort.Medium => "medium",
            ReasoningEffort.High => "high",
            ReasoningEffort.ExtraHigh => "xhigh",
            _ => null,
        };

    static void WriteUpstream(Utf8JsonWriter json, ModelAsked asked)
    {
        if (asked.Fallbacks.Count > 0) WriteTexts(json, "models", [asked.Model, .. asked.Fallbacks]);
        var rules = asked.Rules;
        if (rules == UpstreamRules.None && asked.MaxPrice is null) return;
        json.WriteStartObject("provider");
        if (rules.ZeroRetention) json.WriteBoolean("zdr", true);
        if (rules.DenyDataCollection) json.WriteString("data_collection", "deny");
        if (rules.Only.Count > 0) WriteTexts(json, "only", rules.Only);
        if (rules.Ignore.Count > 0) WriteTexts(json, "ignore", rules.Ignore);
        if (asked.MaxPrice is { } most)
        {
            json.WriteStartObject("max_price");
            json.WriteNumber("prompt", most.PromptUsd * 1_000_000);
            json.WriteNumber("completion", most.CompletionUsd * 1_000_000);
            json.WriteNumber("request", most.RequestUsd);
            if (most.ImageUsd is { } image) json.WriteNumber("image", image);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Tools, their choice and the form of the answer: the same for all attempts.</summary>
    public static void WriteTools(Utf8JsonWriter json, ChatOptions options)
    {
        var tools = options.Tools?.OfType<AIFunctionDeclaration>().ToList() ?? [];
        if (options.Tools?.FirstOrDefault(t => t is not AIFunctionDeclaration) is { } other)
            throw new NotSupportedException($"The tool {other.Name} is a {other.GetType().Name}; only functions can be called.");
        if (tools.Count > 0)
        {
            json.WriteStartArray("tools");
            foreach (var tool in tools) WriteTool(json, tool);
            json.WriteEndArray();
            WriteChoice(json, options);
        }
        if (options.ResponseFormat is ChatResponseFormatJson form) WriteForm(json, form, options);
    }

    static void WriteTool(Utf8JsonWriter json, AIFunctionDeclaration tool)
    {
        json.WriteStartObject();
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", tool.Name);
        if (tool.Description.Length > 0) json.WriteString("description", tool.Description);
        json.WritePropertyName("parameters");
        if (tool.JsonSchema.ValueKind == JsonValueKind.Object) tool.JsonSchema.WriteTo(json);
        else json.WriteRawValue("""{"type":"object","properties":{}}"""u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteChoice(Utf8JsonWriter json, ChatOptions options)
    {
        switch (options.ToolMode)
        {
            case AutoChatToolMode: json.WriteString("tool_choice", "auto"); break;
            case NoneChatToolMode: json.WriteString("tool_choice", "none"); break;
            case RequiredChatToolMode { RequiredFunctionName: { } name }:
                json.WriteStartObject("tool_choice");
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", name);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case RequiredChatToolMode: json.WriteString("tool_choice", "required"); break;
        }
        if (options.AllowMultipleToolCalls is { } parallel) json.WriteBoolean("parallel_tool_calls", parallel);
    }

    static void WriteForm(Utf8JsonWriter json, ChatResponseFormatJson form, ChatOptions options)
    {
        json.WriteStartObject("response_format");
        json.WriteString("type", form.Schema is null ? "json_object" : "json_schema");
        if (form.Schema is { } schema)
        {
            json.WriteStartObject("json_schema");
            json.WriteString("name", form.SchemaName ?? "answer");
            if (form.SchemaDescription is { } description) json.WriteString("description", description);
            json.WriteBoolean("strict", IsStrict(schema, options));
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    // A schema that leaves its objects open is refused where strictness is asked for.
    static bool IsStrict(JsonElement schema, ChatOptions options) =>
        options.AdditionalProperties?.TryGetValue("strict", out var asked) == true && asked is bool strict ? strict
        : schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind == JsonValueKind.False;

    static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    static void WriteAny(Utf8JsonWriter json, string name, object? value)
    {
        json.WritePropertyName(name);
        if (value is null) json.WriteNullValue();
        else JsonSerializer.Serialize(json, value, Values.GetTypeInfo(value.GetType()));
    }
}
