using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Routing.Providers.Wire;

/// <summary>
/// Reasoning as OpenRouter wants it back with the next message, signatures and encrypted parts as they came. Between the two it is the opaque
/// <c>ProtectedData</c> of a reasoning content: a JSON array behind a mark of our own.
/// </summary>
public sealed class ReasoningDetails
{
    const string Mark = "reasoning_details:";

    readonly List<JsonElement> details = [];

    public bool IsEmpty => details.Count == 0;

    /// <param name="array">One chunk's <c>reasoning_details</c>.</param>
    public void Add(JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array) return;
        foreach (var detail in array.EnumerateArray())
            if (detail.ValueKind == JsonValueKind.Object) details.Add(detail);
    }

    /// <summary>All so far, once.</summary>
    public string Take()
    {
        var all = ToString();
        details.Clear();
        return all;
    }

    internal static bool IsOurs(string? data) => data is not null && data.StartsWith(Mark, StringComparison.Ordinal);

    internal static void WriteBack(Utf8JsonWriter json, string data)
    {
        using var document = JsonDocument.Parse(data.AsMemory(Mark.Length));
        foreach (var detail in document.RootElement.EnumerateArray()) detail.WriteTo(json);
    }

    /// <summary>Pieces of one thought, which a stream tears apart, are one again.</summary>
    public override string ToString()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, RequestJson.Options))
        {
            json.WriteStartArray();
            for (var i = 0; i < details.Count;)
            {
                var end = i + 1;
                while (end < details.Count && BelongTogether(details[end - 1], details[end])) end++;
                WriteOne(json, details[i..end]);
                i = end;
            }
            json.WriteEndArray();
        }
        return Mark + Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static bool BelongTogether(JsonElement a, JsonElement b) =>
        Text(a, "type") is "reasoning.text" or "reasoning.summary" && Text(a, "type") == Text(b, "type") && Text(a, "signature") is null && Index(a) == Index(b);

    static void WriteOne(Utf8JsonWriter json, List<JsonElement> pieces)
    {
        if (pieces.Count == 1)
        {
            pieces[0].WriteTo(json);
            return;
        }
        var said = Text(pieces[0], "type") == "reasoning.summary" ? "summary" : "text";
        json.WriteStartObject();
        json.WriteString(said, string.Concat(pieces.Select(p => Text(p, said))));
        var written = new HashSet<string> { said };
        foreach (var property in pieces.AsEnumerable().Reverse().SelectMany(p => p.EnumerateObject()))
            if (property.Value.ValueKind != JsonValueKind.Null && written.Add(property.Name)) property.WriteTo(json);
        json.WriteEndObject();
    }

    static string? Text(JsonElement detail, string name) =>
        detail.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static long Index(JsonElement detail) => detail.TryGetProperty("index", out var index) && index.TryGetInt64(out var number) ? number : -1;
}
