using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Which characters the searches know as which, and the edges of words.</summary>
static class Chars
{
    const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", Digits = "0123456789";

    public static readonly SearchValues<char> Alphanumeric = SearchValues.Create(Letters + Digits);
    public static readonly SearchValues<char> Upper = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ" + Digits);
    public static readonly SearchValues<char> Hex = SearchValues.Create(Digits + "abcdef");
    public static readonly SearchValues<char> Base64 = SearchValues.Create(Letters + Digits + "+/=");
    public static readonly SearchValues<char> Base64Url = SearchValues.Create(Letters + Digits + "_-");
    public static readonly SearchValues<char> Dotted = SearchValues.Create(Letters + Digits + "_-.");

    /// <summary>Whether a word can begin here: behind no letter or digit, or behind an escape such as \n or %3D.</summary>
    public static bool IsEdge(ReadOnlySpan<char> text, int at)
    {
        if (at == 0 || !char.IsAsciiLetterOrDigit(text[at - 1])) return true;
        if (at >= 2 && text[at - 2] == '\\' && text[at - 1] is 'n' or 't' or 'r') return true;
        return at >= 3 && text[at - 3] == '%' && char.IsAsciiHexDigit(text[at - 2]) && char.IsAsciiHexDigit(text[at - 1]);
    }

    public static bool IsEnd(ReadOnlySpan<char> text, int at) => at >= text.Length || !char.IsAsciiLetterOrDigit(text[at]);

    /// <returns>Where the run of these characters ends.</returns>
    public static int EndOf(ReadOnlySpan<char> text, int at, SearchValues<char> body)
    {
        var length = text[at..].IndexOfAnyExcept(body);
        return length < 0 ? text.Length : at + length;
    }

    public static int EndOfLine(ReadOnlySpan<char> text, int at)
    {
        var length = text[at..].IndexOfAny('\r', '\n');
        return length < 0 ? text.Length : at + length;
    }
}
