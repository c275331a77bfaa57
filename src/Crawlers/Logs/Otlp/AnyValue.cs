using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Crawlers.Logs.Otlp;

/// <summary>A value of any kind as text: a text as it is, lists and maps as JSON, bytes in base64. What nests too deep or is too much is left out.</summary>
static partial class AnyValue
{
    const int MaxDepth = 16, MaxBytes = 64 * 1024;

    static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static string Text(WireReader value)
    {
        var look = value;
        while (look.Next())
            if (look is { Field: 1, IsBytes: true }) return ReadProtobuf.Text(look.ReadBytes());
            else look.Skip();
        using var stream = new MemoryStream();
        using (var to = new Utf8JsonWriter(stream, Plain)) Write(value, to, 0);
        return Written(stream);
    }

    static string Written(MemoryStream stream)
    {
        var text = Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
        return text == "null" ? "" : text.StartsWith('"') ? text[1..^1] : text; // bytes, and numbers that JSON has not, need no quotes
    }

    static bool IsFull(Utf8JsonWriter to) => to.BytesCommitted + to.BytesPending > MaxBytes;

    static void Write(WireReader value, Utf8JsonWriter to, int depth)
    {
        var hasValue = false;
        while (value.Next())
        {
            if (hasValue || value.Field > 7)
            {
                value.Skip();
                continue;
            }
            hasValue = true;
            switch (value.Field)
            {
                case 1 when value.IsBytes:
                    to.WriteStringValue(ReadProtobuf.Text(value.ReadBytes()));
                    break;
                case 2 when value.IsNumber:
                    to.WriteBooleanValue(value.ReadVarint() != 0);
                    break;
                case 3 when value.IsNumber:
                    to.WriteNumberValue((long)value.ReadVarint());
                    break;
                case 4 when value.IsFixed64:
                    Number(to, BitConverter.UInt64BitsToDouble(value.ReadFixed64()));
                    break;
                case 5 when value.IsBytes && depth < MaxDepth:
                    List(value.ReadMessage(), to, depth);
                    break;
                case 6 when value.IsBytes && depth < MaxDepth:
                    Map(value.ReadMessage(), to, depth);
                    break;
                case 7 when value.IsBytes:
                    to.WriteBase64StringValue(value.ReadBytes());
                    break;
                default:
                    value.Skip();
                    hasValue = false;
                    break;
            }
        }
        if (!hasValue) to.WriteNullValue();
    }

    static void List(WireReader items, Utf8JsonWriter to, int depth)
    {
        to.WriteStartArray();
        while (items.Next())
            if (items is { Field: 1, IsBytes: true } && !IsFull(to)) Write(items.ReadMessage(), to, depth + 1);
            else items.Skip();
        to.WriteEndArray();
    }

    static void Map(WireReader pairs, Utf8JsonWriter to, int depth)
    {
        to.WriteStartObject();
        while (pairs.Next())
        {
            if (pairs is not { Field: 1, IsBytes: true } || IsFull(to))
            {
                pairs.Skip();
                continue;
            }
            var pair = pairs.ReadMessage();
            var key = "";
            var value = default(WireReader);
            while (pair.Next())
                if (pair is { Field: 1, IsBytes: true }) key = ReadProtobuf.Text(pair.ReadBytes());
                else if (pair is { Field: 2, IsBytes: true }) value = pair.ReadMessage();
                else pair.Skip();
            to.WritePropertyName(key);
            Write(value, to, depth + 1);
        }
        to.WriteEndObject();
    }

    static void Number(Utf8JsonWriter to, double value)
    {
        if (double.IsFinite(value)) to.WriteNumberValue(value);
        else to.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
