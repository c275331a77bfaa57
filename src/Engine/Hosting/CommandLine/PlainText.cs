using System.Globalization;
using System.Text;

namespace Engine.Hosting.CommandLine;

/// <summary>Text from elsewhere, made safe to print: it cannot move the cursor, change colours, or reverse what is read.</summary>
public static class PlainText
{
    /// <returns>The text on one line, with control and formatting characters written as <c>\u001b</c>.</returns>
    public static string Line(string text) => Clean(text, keepsLines: false);

    /// <returns>As <see cref="Line"/>, but line breaks and tabs stay.</returns>
    public static string Lines(string text) => Clean(text, keepsLines: true);

    static string Clean(string text, bool keepsLines)
    {
        if (!text.Any(c => IsUnsafe(c, keepsLines))) return text;
        var clean = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (IsUnsafe(c, keepsLines)) clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else clean.Append(c);
        }
        return clean.ToString();
    }

    static bool IsUnsafe(char c, bool keepsLines) => !(keepsLines && c is '\n' or '\t') && char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
