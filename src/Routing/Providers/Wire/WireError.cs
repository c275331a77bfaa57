using System.Globalization;
using System.Text.Json;

namespace Routing.Providers.Wire;

/// <summary>An error as a provider words it: shapes A and B of OpenRouter, OpenAI's, and those of servers that speak it their own way.</summary>
/// <param name="Status">What the error says that its HTTP status is; null: it does not say.</param>
/// <param name="Type">Such as <c>rate_limit_exceeded</c>: OpenRouter's <c>error_type</c>, else a code in words, else OpenAI's <c>type</c>.</param>
/// <param name="Message">May quote what was sent: for the row of the call, never for a log.</param>
/// <param name="RetryAfter">The shortest of all that it names; null: none.</param>
/// <param name="IsRetryable">What it says about that; null: nothing.</param>
public sealed record WireError(int? Status, string? Type, string? Message, TimeSpan? RetryAfter = null, bool? IsRetryable = null)
{
    public static readonly WireError Unreadable = new(null, null, null);

    const int MostText = 500, MostDepth = 8;

    /// <summary>Reads the body of an answer whose status is an error's.</summary>
    public static WireError OfBody(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return Unreadable;
            return root.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String ? Of(error) : Of(root);
        }
        catch (JsonException)
        {
            return Unreadable; // a page of a proxy in between; the status tells enough
        }
    }

    /// <param name="error">The value of <c>error</c>.</param>
    public static WireError Of(JsonElement error)
    {
        if (error.ValueKind == JsonValueKind.String) return new WireError(null, null, Cut(error.GetString()));
        if (error.ValueKind != JsonValueKind.Object) return Unreadable;
        var metadata = Member(error, "metadata");
        var availability = Member(error, "availability");
        if (availability.ValueKind != JsonValueKind.Object) availability = Member(metadata, "availability");
        var code = Member(error, "code");
        return new WireError(
            StatusOf(code) ?? StatusOf(Member(error, "http_status")) ?? StatusOf(Member(error, "status")),
            Text(error, "error_type") ?? Text(metadata, "error_type") ?? (StatusOf(code) is null ? Text(error, "code") : null) ?? Text(error, "type"),
            Cut(Text(error, "message") ?? Text(error, "detail")),
            Shortest(error, 0),
            Member(availability, "retryable").ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null });
    }

    static JsonElement Member(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var member) ? member : default;

    static string? Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text ? Cut(text.GetString()) : null;

    static int? StatusOf(JsonElement code)
    {
        var status = 0;
        var isNumber = code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out status)
            || code.ValueKind == JsonValueKind.String && int.TryParse(code.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out status);
        return isNumber && status is >= 400 and <= 599 ? status : null;
    }

    /// <summary>Of each attempt that it tells of, the one that may be repeated first.</summary>
    static TimeSpan? Shortest(JsonElement element, int depth)
    {
        if (depth > MostDepth) return null;
        TimeSpan? shortest = null;
        if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray()) shortest = Less(shortest, Shortest(item, depth + 1));
        if (element.ValueKind == JsonValueKind.Object)
            foreach (var property in element.EnumerateObject())
                shortest = Less(shortest, property.Name is "retry_after" or "retry_after_seconds" ? Seconds(property.Value) : Shortest(property.Value, depth + 1));
        return shortest;
    }

    static TimeSpan? Seconds(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 1e6 ? TimeSpan.FromSeconds(seconds) : null;

    static TimeSpan? Less(TimeSpan? a, TimeSpan? b) => a is null ? b : b is null || a < b ? a : b;

    static string? Cut(string? text) => text is { Length: > MostText } ? text[..MostText] : text;
}
