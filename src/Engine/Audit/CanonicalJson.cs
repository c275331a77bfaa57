using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Engine.Audit;

/// <summary>
/// JSON in one form only, so that equal values have equal bytes: RFC 8785 (members sorted by UTF-16 code units, no white
/// space, the shortest escapes, UTF-8) with one deviation: a number stays as it is written. PostgreSQL's jsonb keeps
/// numbers as exact decimals (1.10 stays 1.10, 1e400 becomes its digits), which the RFC's 64-bit floats would not.
/// </summary>
public static class CanonicalJson
{
    const int MaxDepth = 500; // written recursively: what an ordinary stack holds with ease

    static readonly SearchValues<char> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <exception cref="JsonException">Not JSON, nested deeper than 500 levels, a member named twice, or half a surrogate pair.</exception>
    public static byte[] Of(string json)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 16);
        Write(output, json);
        return output.WrittenSpan.ToArray();
    }

    /// <inheritdoc cref="Of"/>
    internal static void Write(IBufferWriter<byte> output, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            Write(output, document.RootElement);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A text holds half a surrogate pair.", e); // what System.Text.Json calls it
        }
    }

    internal static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        output.Write("\""u8);
        while (text.IndexOfAny(Escaped) is >= 0 and var plain)
        {
            Encoding.UTF8.GetBytes(text[..plain], output);
            WriteEscape(output, text[plain]);
            text = text[(plain + 1)..];
        }
        Encoding.UTF8.GetBytes(text, output);
        output.Write("\""u8);
    }

    static void WriteEscape(IBufferWriter<byte> output, char c)
    {
        switch (c)
        {
            case '"': output.Write("\\\""u8); break;
            case '\\': output.Write("\\\\"u8); break;
            case '\b': output.Write("\\b"u8); break;
            case '\t': output.Write("\\t"u8); break;
            case '\n': output.Write("\\n"u8); break;
            case '\f': output.Write("\\f"u8); break;
            case '\r': output.Write("\\r"u8); break;
            default: output.Write(Encoding.UTF8.GetBytes($"\\u{(int)c:x4}")); break;
        }
    }

    static void Write(IBufferWriter<byte> output, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var isFirst = true;
                output.Write("{"u8);
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    if (!isFirst) output.Write(","u8);
                    isFirst = false;
                    WriteText(output, member.Name);
                    output.Write(":"u8);
                    Write(output, member.Value);
                }
                output.Write("}"u8);
                break;
            case JsonValueKind.Array:
                var count = 0;
                output.Write("["u8);
                foreach (var item in value.EnumerateArray())
                {
                    if (count++ > 0) output.Write(","u8);
                    Write(output, item);
                }
                output.Write("]"u8);
                break;
            case JsonValueKind.String:
                WriteText(output, value.GetString());
                break;
            default: // numbers, true, false and null are their own canonical form
                Encoding.UTF8.GetBytes(value.GetRawText(), output);
                break;
        }
    }
}
