using System.Buffers;
using System.Globalization;
using System.Text;

namespace Engine.Hosting.Logging;

/// <summary>
/// Writes text that others wrote so that it can neither forge a line nor steer a terminal: control characters (C0, C1,
/// delete), the Unicode line ends and the marks that turn the writing direction become escapes.
/// </summary>
static class HarmlessText
{
    static readonly string Steering = string.Concat(
        Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7f, 0x21)).Select(code => (char)code)) +
        "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff";

    static readonly SearchValues<char> InText = SearchValues.Create(Steering);
    static readonly SearchValues<char> InJson = SearchValues.Create(Steering + "\"\\");

    public static StringBuilder AppendHarmless(this StringBuilder to, ReadOnlySpan<char> text) => Append(to, text, InText);

    /// <summary>A JSON string with its quotation marks.</summary>
    public static StringBuilder AppendJson(this StringBuilder to, ReadOnlySpan<char> text) =>
        Append(to.Append('"'), text, InJson).Append('"');

    static StringBuilder Append(StringBuilder to, ReadOnlySpan<char> text, SearchValues<char> escaped)
    {
        for (int at; (at = text.IndexOfAny(escaped)) >= 0; text = text[(at + 1)..])
        {
            to.Append(text[..at]);
            _ = text[at] switch
            {
                '\n' => to.Append("\\n"),
                '\r' => to.Append("\\r"),
                '\t' => to.Append("\\t"),
                '"' => to.Append("\\\""),
                '\\' => to.Append("\\\\"),
                var other => to.Append(CultureInfo.InvariantCulture, $"\\u{(int)other:x4}"),
            };
        }
        return to.Append(text);
    }
}
