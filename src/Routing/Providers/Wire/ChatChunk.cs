using System.Text.Json;

namespace Routing.Providers.Wire;

/// <summary>
/// One frame of a streamed answer, or a whole answer: the two differ in <c>delta</c> and <c>message</c> only. Filled again for each frame; what a
/// frame does not repeat of <see cref="Id"/>, <see cref="Model"/> and <see cref="Provider"/> stays.
/// </summary>
public sealed class ChatChunk
{
    readonly List<ToolCallDelta> toolCalls = [];
    readonly List<string> imageUrls = [];

    public string? Id { get; private set; }

    /// <summary>The model that serves.</summary>
    public string? Model { get; private set; }

    /// <summary>The provider behind the provider.</summary>
    public string? Provider { get; private set; }

    public string? Text { get; private set; }

    public string? Reasoning { get; private set; }

    public string? Refusal { get; private set; }

    /// <summary>Null while it goes on.</summary>
    public string? FinishReason { get; private set; }

    public IReadOnlyList<ToolCallDelta> ToolCalls => toolCalls;

    public IReadOnlyList<string> ImageUrls => imageUrls;

    /// <summary>Undefined when there are none.</summary>
    public JsonElement ReasoningDetails { get; private set; }

    public WireUsage? Usage { get; private set; }

    /// <summary>At the top or in the choice; an answer that has one has failed, whatever its status.</summary>
    public WireError? Error { get; private set; }

    /// <summary>Whether it says anything: from the first such frame on, an answer has begun.</summary>
    public bool HasContent => Text is not null || Reasoning is not null || Refusal is not null || toolCalls.Count > 0 || imageUrls.Count > 0 || ReasoningDetails.ValueKind != JsonValueKind.Undefined;

    /// <exception cref="JsonException">It is no JSON, or no object.</exception>
    public void Parse(ReadOnlySpan<byte> utf8)
    {
        Text = Reasoning = Refusal = FinishReason = null;
        (Usage, Error, ReasoningDetails) = (null, null, default);
        toolCalls.Clear();
        imageUrls.Clear();
        var json = new Utf8JsonReader(utf8);
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException("An answer is an object.");
            ReadTop(ref json);
            while (json.Read()) { }
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("A text of the answer is not UTF-8, or a value is of another kind.", exception);
        }
    }

    void ReadTop(ref Utf8JsonReader json)
    {
        while (Next(ref json))
        {
            if (Is(ref json, "choices"u8)) ReadChoices(ref json);
            else if (Is(ref json, "id"u8)) Id = Same(ref json, Id);
            else if (Is(ref json, "model"u8)) Model = Same(ref json, Model);
            else if (Is(ref json, "provider"u8)) Provider = Same(ref json, Provider);
            else if (Is(ref json, "usage"u8)) Usage = WireUsage.Of(JsonElement.ParseValue(ref json));
            else if (Is(ref json, "error"u8)) Error = ErrorOf(ref json) ?? Error;
            else Pass(ref json);
        }
    }

    void ReadChoices(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return;
        }
        for (var position = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; position++)
            if (position == 0 && json.TokenType == JsonTokenType.StartObject) ReadChoice(ref json); // one is asked for
            else json.Skip();
    }

    void ReadChoice(ref Utf8JsonReader json)
    {
        while (Next(ref json))
        {
            if (Is(ref json, "delta"u8) || Is(ref json, "message"u8)) ReadMessage(ref json);
            else if (Is(ref json, "finish_reason"u8)) FinishReason = Said(ref json);
            else if (Is(ref json, "error"u8)) Error = ErrorOf(ref json) ?? Error;
            else Pass(ref json);
        }
    }

    void ReadMessage(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }
        while (Next(ref json))
        {
            if (Is(ref json, "content"u8)) Text = ContentOf(ref json);
            else if (Is(ref json, "reasoning"u8)) Reasoning = Said(ref json) ?? Reasoning;
            else if (Is(ref json, "reasoning_content"u8)) Reasoning ??= Said(ref json);
            else if (Is(ref json, "refusal"u8)) Refusal = Said(ref json);
            else if (Is(ref json, "tool_calls"u8)) ReadToolCalls(ref json);
            else if (Is(ref json, "images"u8)) ReadImages(ref json);
            else if (Is(ref json, "reasoning_details"u8)) ReasoningDetails = JsonElement.ParseValue(ref json) is { ValueKind: JsonValueKind.Array } details && details.GetArrayLength() > 0 ? details : default;
            else Pass(ref json);
        }
    }

    void ReadToolCalls(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return;
        }
        for (var position = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; position++)
            if (json.TokenType == JsonTokenType.StartObject) toolCalls.Add(ToolCallDelta.Read(ref json, position));
            else json.Skip();
    }

    void ReadImages(ref Utf8JsonReader json)
    {
        var images = JsonElement.ParseValue(ref json);
        if (images.ValueKind != JsonValueKind.Array) return;
        foreach (var image in images.EnumerateArray())
            if (image.ValueKind == JsonValueKind.Object && image.TryGetProperty("image_url", out var link) && link.ValueKind == JsonValueKind.Object
                && link.TryGetProperty("url", out var url) && url.GetString() is { Length: > 0 } text) imageUrls.Add(text);
    }

    /// <summary>A text, or parts of which those with text count.</summary>
    static string? ContentOf(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray) return Said(ref json);
        var parts = JsonElement.ParseValue(ref json);
        var text = string.Concat(parts.EnumerateArray().Select(p =>
            p.ValueKind == JsonValueKind.Object && p.TryGetProperty("text", out var part) && part.ValueKind == JsonValueKind.String ? part.GetString() : null));
        return text.Length == 0 ? null : text;
    }

    static WireError? ErrorOf(ref Utf8JsonReader json)
    {
        var error = JsonElement.ParseValue(ref json);
        return error.ValueKind is JsonValueKind.Object or JsonValueKind.String ? WireError.Of(error) : null;
    }

    static string? Same(ref Utf8JsonReader json, string? known) =>
        json.TokenType == JsonTokenType.String && known is not null && json.ValueTextEquals(known) ? known : Said(ref json) ?? known;

    internal static bool Next(ref Utf8JsonReader json) => json.Read() && json.TokenType == JsonTokenType.PropertyName;

    /// <summary>Whether the property has that name; if so, the reader goes on to its value.</summary>
    internal static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        if (json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals(name)) return false;
        json.Read();
        return true;
    }

    internal static void Pass(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }

    /// <returns>Null for an empty text, and for what is none.</returns>
    internal static string? Said(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.String) return json.HasValueSequence || json.ValueSpan.Length > 0 ? json.GetString() : null;
        json.Skip();
        return null;
    }
}
