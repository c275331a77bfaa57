using System.Buffers;
using System.Globalization;
using System.Text;

namespace Engine.Hosting.Logging;

/// <summary>
/// Writes text that others wrote so that it can neither forge a line nor steer a terminal: control characters (C0, C1,
/// delete), the Unicode line ends and what is not seen itself (marks that turn the writing direction, zero widths) become escapes.
/// </summary>
public static class HarmlessText
{
    static readonly string Steering = string.Concat(Enumerable.Range(0, char.MaxValue + 1).Select(code => (char)code)
        .Where(c => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator));

    static readonly SearchValues<char> InText = SearchValues.Create(Steering);
    static readonly SearchValues<char> InLines = SearchValues.Create(Steering.Replace("\n", "").Replace("\t", ""));
    static readonly SearchValues<char> InJson = SearchValues.Create(Steering + "\"\\");

    /// <returns>The text on one line.</returns>
    public static string Line(string text) => Clean(text, InText);

    /// <returns>As <see cref="Line"/>, but line breaks and tabs stay.</returns>
    public static string Lines(string text) => Clean(text, InLines);

    public static StringBuilder AppendHarmless(this StringBuilder to, ReadOnlySpan<char> text) => Append(to, text, InText);

    /// <summary>A JSON string with its quotation marks.</summary>
    public static StringBuilder AppendJson(this StringBuilder to, ReadOnlySpan<char> text) =>
        Append(to.Append('"'), text, InJson).Append('"');

    static string Clean(string text, SearchValues<char> escaped) =>
        text.AsSpan().ContainsAny(escaped) ? Append(new StringBuilder(text.Length + 16), text, escaped).ToString() : text;

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
