using System.Text;
using System.Text.Json;

namespace Emulators.OpenRouter.Chat;

/// <summary>Reads one message: its text in whatever form it came, its images, its breakpoint.</summary>
static class ReadMessage
{
    public static ChatMessage From(JsonElement message, string role)
    {
        var mark = ReadChatRequest.Mark(message);
        var images = 0;
        string text;
        switch (ReadChatRequest.Member(message, "content"))
        {
            case { ValueKind: JsonValueKind.String } plain:
                text = plain.GetString()!;
                break;
            case { ValueKind: JsonValueKind.Array } parts:
                var joined = new StringBuilder();
                foreach (var part in parts.EnumerateArray())
                {
                    if (part.ValueKind != JsonValueKind.Object) continue;
                    if (Text(part, "text") is { } piece) joined.Append(piece);
                    else if (Text(part, "type") is "image_url" or "input_image") images++;
                    mark = ReadChatRequest.Mark(part) ?? mark;
                }
                text = joined.ToString();
                break;
            default:
                text = "";
                break;
        }
        if (ReadChatRequest.Member(message, "tool_calls") is { ValueKind: JsonValueKind.Array } calls) text += ToolCalls(calls);
        return new ChatMessage(role, text, images, mark);
    }

    static string ToolCalls(JsonElement calls) => string.Concat(calls.EnumerateArray()
        .Select(call => call.ValueKind == JsonValueKind.Object && ReadChatRequest.Member(call, "function") is { ValueKind: JsonValueKind.Object } function
            ? Text(function, "name") + Text(function, "arguments") : ""));

    static string? Text(JsonElement element, string name) => ReadChatRequest.Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
