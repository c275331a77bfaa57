using System.Net;
using System.Text.Json;

namespace Engine.Hosting.CommandLine;

/// <param name="Body">Null when the answer was empty, or no JSON and no success either.</param>
/// <param name="ETag">As it came, with its quotes.</param>
public sealed record EngineReply(HttpStatusCode Status, JsonElement? Body, string? ETag)
{
    /// <summary>The stable code of a problem.</summary>
    public string? Code => Problem("code");

    public string? Detail => Problem("detail") ?? Problem("title");

    public string? TraceId => Problem("trace_id");

    /// <summary>The body of a success that must have one.</summary>
    public JsonElement Document => Body
        ?? throw new CommandException(ExitCode.Failed, "The engine sent an empty answer where one with content was expected.");

    string? Problem(string name) => (int)Status >= 400 && Body is { ValueKind: JsonValueKind.Object } body
        && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Reads members of an engine's answer as texts for people.</summary>
public static class ReplyText
{
    /// <returns>The member in words; an en dash when it is absent or null.</returns>
    public static string Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.Text() : "–";

    public static string Text(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "–",
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.String when value.TryGetDateTimeOffset(out var time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", null),
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    /// <returns>The elements of an array member; empty when it is absent.</returns>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name = "items") =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array
            ? array.EnumerateArray() : [];
}
