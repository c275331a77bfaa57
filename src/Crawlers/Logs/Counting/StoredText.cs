namespace Crawlers.Logs.Counting;

/// <summary>A text as PostgreSQL can store it: without zeros and halves of characters, and no longer than its column.</summary>
public static class StoredText
{
    /// <param name="most">Characters.</param>
    public static string Of(string text, int most)
    {
        if (text.Length > most) text = text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
        if (!text.Contains('\0', StringComparison.Ordinal) && text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0) return text;
        return string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\u2400" : rune.ToString()));
    }
}
