using System.Globalization;
using System.Text.Json;

namespace Crawlers.Logs.Otlp;

static partial class AnyValue
{
    public static string Text(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString()!; // not by the book, but what is meant is clear
        if (value.ValueKind != JsonValueKind.Object) return value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? "" : value.GetRawText();
        if (ReadJson.Member(value, "stringValue", "string_value") is { ValueKind: JsonValueKind.String } text) return text.GetString()!;
        using var stream = new MemoryStream();
        using (var to = new Utf8JsonWriter(stream, Plain)) Write(value, to, 0);
        return Written(stream);
    }

    static void Write(JsonElement value, Utf8JsonWriter to, int depth)
    {
        foreach (var kind in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
        {
            switch (kind.Name)
            {
                case "arrayValue" or "array_value" when depth < MaxDepth:
                    to.WriteStartArray();
                    foreach (var item in ReadJson.Items(kind.Value, "values", "values"))
                        if (!IsFull(to)) Write(item, to, depth + 1);
                    to.WriteEndArray();
                    return;
                case "kvlistValue" or "kvlist_value" when depth < MaxDepth:
                    to.WriteStartObject();
                    foreach (var pair in ReadJson.Items(kind.Value, "values", "values"))
                    {
                        if (IsFull(to)) continue;
                        to.WritePropertyName(ReadJson.Text(pair, "key", "key"));
                        Write(ReadJson.Member(pair, "value", "value"), to, depth + 1);
                    }
                    to.WriteEndObject();
                    return;
                case "stringValue" or "string_value" or "bytesValue" or "bytes_value" when kind.Value.ValueKind == JsonValueKind.String:
                    to.WriteStringValue(kind.Value.GetString());
                    return;
                case "intValue" or "int_value" or "doubleValue" or "double_value" when kind.Value.ValueKind == JsonValueKind.String:
                    var written = kind.Value.GetString();
                    if (long.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) to.WriteNumberValue(whole);
                    else if (double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) Number(to, number);
                    else to.WriteStringValue(written);
                    return;
                case "boolValue" or "bool_value" or "intValue" or "int_value" or "doubleValue" or "double_value" when kind.Value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number:
                    kind.Value.WriteTo(to);
                    return;
            }
        }
        to.WriteNullValue();
    }
}
