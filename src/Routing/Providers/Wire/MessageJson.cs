using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Routing.Providers.Wire;

/// <summary>Writes messages as the chat wire has them, and counts what they weigh.</summary>
/// <param name="keepsThoughts">Whether reasoning is handed back to the model it came from; only OpenRouter takes it.</param>
sealed class MessageJson(Utf8JsonWriter json, bool keepsThoughts)
{
    readonly List<string> needs = [];

    public int Images { get; private set; }

    /// <summary>Of what is written, those of images.</summary>
    public long ImageBytes { get; private set; }

    /// <summary>Reasoning was among the messages.</summary>
    public bool HasThoughts { get; private set; }

    /// <summary>What a model must be able to read.</summary>
    public IReadOnlyList<string> Needs => needs;

    public void Write(ChatMessage message)
    {
        foreach (var content in message.Contents)
            if (content is FunctionResultContent result) WriteResult(result);
        if (message.Role == ChatRole.Assistant) WriteAssistant(message);
        else if (message.Role == ChatRole.Tool || message.Contents.Count > 0 && message.Contents.All(c => c is FunctionResultContent)) return;
        else if (message.Role == ChatRole.User && message.Contents.Any(c => c is not (TextContent or FunctionResultContent))) WriteParts(message);
        else WriteText(message.Role.Value, message.Text);
    }

    public void WriteText(string role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", text);
        json.WriteEndObject();
    }

    void WriteAssistant(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", "assistant");
        var calls = message.Contents.OfType<FunctionCallContent>().ToList();
        if (message.Text is { Length: > 0 } text || calls.Count == 0) json.WriteString("content", message.Text);
        else json.WriteNull("content");
        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var call in calls) WriteCall(call);
            json.WriteEndArray();
        }
        WriteThoughts(message);
        json.WriteEndObject();
    }

    void WriteCall(FunctionCallContent call)
    {
        json.WriteStartObject();
        json.WriteString("id", call.CallId);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", call.Name);
        json.WriteString("arguments", call.Arguments is { } given ? JsonSerializer.Serialize(given, RequestJson.Values.GetTypeInfo(typeof(IDictionary<string, object?>))) : "{}");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    void WriteThoughts(ChatMessage message)
    {
        var details = message.Contents.OfType<TextReasoningContent>().Select(c => c.ProtectedData).Where(ReasoningDetails.IsOurs).ToList();
        HasThoughts |= details.Count > 0;
        if (details.Count == 0 || !keepsThoughts) return;
        json.WriteStartArray("reasoning_details");
        foreach (var detail in details) ReasoningDetails.WriteBack(json, detail!);
        json.WriteEndArray();
    }

    void WriteResult(FunctionResultContent result)
    {
        json.WriteStartObject();
        json.WriteString("role", "tool");
        json.WriteString("tool_call_id", result.CallId);
        json.WriteString("content", result.Result switch
        {
            null => result.Exception is { } exception ? $"Error: {exception.Message}" : "",
            string text => text,
            TextContent text => text.Text,
            var other => JsonSerializer.Serialize(other, RequestJson.Values.GetTypeInfo(other.GetType())),
        });
        json.WriteEndObject();
    }

    void WriteParts(ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", "user");
        json.WriteStartArray("content");
        foreach (var content in message.Contents) WritePart(content);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    void WritePart(AIContent content)
    {
        switch (content)
        {
            case TextContent text:
                json.WriteStartObject();
                json.WriteString("type", "text");
                json.WriteString("text", text.Text);
                json.WriteEndObject();
                break;
            case DataContent image when image.HasTopLevelMediaType("image"): WriteImage(image.Uri); break;
            case UriContent image when image.HasTopLevelMediaType("image"): WriteImage(image.Uri.AbsoluteUri); break;
            case DataContent audio when audio.HasTopLevelMediaType("audio"): WriteAudio(audio); break;
            case DataContent file: WriteFile(file.Name, file.Uri); break;
            case UriContent file: WriteFile(null, file.Uri.AbsoluteUri); break;
            case FunctionResultContent or UsageContent or TextReasoningContent: break; // stands elsewhere, or is nobody's input
            default: throw new NotSupportedException($"A message of the user cannot carry a {content.GetType().Name}.");
        }
    }

    void WriteImage(string url)
    {
        Images++;
        ImageBytes += url.Length;
        needs.Add("image");
        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", url);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    void WriteAudio(DataContent audio)
    {
        needs.Add("audio");
        json.WriteStartObject();
        json.WriteString("type", "input_audio");
        json.WriteStartObject("input_audio");
        json.WriteString("data", audio.Base64Data.Span);
        json.WriteString("format", audio.MediaType is "audio/mpeg" or "audio/mp3" ? "mp3" : audio.MediaType["audio/".Length..]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    void WriteFile(string? name, string data)
    {
        needs.Add("file");
        json.WriteStartObject();
        json.WriteString("type", "file");
        json.WriteStartObject("file");
        json.WriteString("filename", name ?? "file");
        json.WriteString("file_data", data);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
