using System.Text.Json;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Catalog;

/// <summary>A model as an item of <c>/models</c>.</summary>
static class ModelJson
{
    public static void Write(this Utf8JsonWriter json, CatalogModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Id);
        json.WriteString("canonical_slug", model.CanonicalSlug);
        json.WriteString("hugging_face_id", model.Author is "meta-llama" or "qwen" ? model.BaseId : "");
        json.WriteString("name", model.Name);
        json.WriteNumber("created", Seconds(model.CreatedOn));
        json.WriteString("description", $"{model.Name}, as the emulator plays it.");
        json.WriteNumber("context_length", model.ContextLength);
        WriteArchitecture(json, model);
        json.WritePricing(model.Pricing);
        WriteTopProvider(json, model);
        json.WriteNull("per_request_limits");
        json.WriteTexts("supported_parameters", Parameters(model));
        json.WriteStartObject("default_parameters");
        json.WriteNull("temperature");
        json.WriteNull("top_p");
        json.WriteNull("frequency_penalty");
        json.WriteEndObject();
        json.WriteNull("supported_voices");
        json.WriteNull("knowledge_cutoff");
        json.WriteString("expiration_date", model.ExpiresOn?.ToString("yyyy-MM-dd", null));
        if (model.Reasoning is { } reasoning) WriteReasoning(json, reasoning);
        if (model is { StandsFor: { } target, IsRouter: false }) WriteAlias(json, target);
        json.WriteStartObject("links");
        json.WriteString("details", $"/api/v1/models/{model.CanonicalSlug}/endpoints");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteArchitecture(Utf8JsonWriter json, CatalogModel model)
    {
        json.WriteStartObject("architecture");
        json.WriteString("modality", $"{string.Join('+', model.Inputs)}->{string.Join('+', model.Outputs)}");
        json.WriteTexts("input_modalities", model.Inputs);
        json.WriteTexts("output_modalities", model.Outputs);
        json.WriteString("tokenizer", model.Tokenizer);
        json.WriteNull("instruct_type");
        json.WriteEndObject();
    }

    public static IEnumerable<string> Parameters(CatalogModel model)
    {
        if (model.IsEmbedding) return [];
        IEnumerable<string> parameters = ["max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty"];
        if (model.HasTools) parameters = parameters.Concat(["tools", "tool_choice"]);
        parameters = parameters.Append("response_format");
        if (model.HasStructuredOutputs) parameters = parameters.Append("structured_outputs");
        return model.Reasoning is null ? parameters : parameters.Concat(["reasoning", "include_reasoning"]);
    }

    static void WriteTopProvider(Utf8JsonWriter json, CatalogModel model)
    {
        json.WriteStartObject("top_provider");
        json.WriteNumber("context_length", model.ContextLength);
        if (model.MaxCompletionTokens is { } most) json.WriteNumber("max_completion_tokens", most);
        else json.WriteNull("max_completion_tokens");
        json.WriteBoolean("is_moderated", model.IsModerated);
        json.WriteEndObject();
    }

    static void WriteReasoning(Utf8JsonWriter json, Reasoning reasoning)
    {
        json.WriteStartObject("reasoning");
        json.WriteBoolean("mandatory", reasoning.IsMandatory);
        json.WriteBoolean("default_enabled", reasoning.IsDefault);
        json.WriteString("default_effort", reasoning.DefaultEffort);
        json.WriteTexts("supported_efforts", reasoning.Efforts);
        if (reasoning.TakesMaxTokens) json.WriteBoolean("supports_max_tokens", true);
        json.WriteEndObject();
    }

    static void WriteAlias(Utf8JsonWriter json, string target)
    {
        json.WriteStartObject("alias_target");
        json.WriteString("slug", target);
        json.WriteString("name", target[(target.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        json.WriteEndObject();
    }

    public static long Seconds(DateOnly day) => new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds();
}
