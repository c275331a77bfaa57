using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Where the value of a key stands: key=value, key: value, "key":"value", \"key\":\"value\", 'key' => 'value', key%3Dvalue, and lists of names and values.</summary>
/// <param name="Start">0 when there is none.</param>
/// <param name="IsLoose">As in prose: the key is bare, and blanks part it from what follows.</param>
readonly record struct ValueForm(int Start, int End, bool IsQuoted, bool IsLoose, char Separator)
{
    const int MaxBlanks = 32;

    static readonly SearchValues<char> StopsOrComma = SearchValues.Create(" \t\r\n;&\"'<>|`,");

    public static ValueForm Of(ReadOnlySpan<char> text, int at) => Find(text, at, lineEnd: 0);

    /// <summary>A value that goes on to the end of the line, as those of HTTP headers do.</summary>
    public static ValueForm Header(ReadOnlySpan<char> text, int at, int lineEnd) => Find(text, at, lineEnd);

    static ValueForm Find(ReadOnlySpan<char> text, int at, int lineEnd)
    {
        var hasQuote = TryQuote(text, ref at, out _, out _);
        if (At(text, at) == ']') at++;
        else if (Starts(text, at, "%5D") || Starts(text, at, "%5d")) at += 3;
        var before = at;
        at = SkipBlanks(text, at);
        var hasBlanks = at > before;
        var separator = At(text, at);
        if (separator is '=' or ':')
        {
            if (At(text, at + 1) == separator) return default; // comparisons and namespaces
            at += At(text, at + 1) is '>' or '=' ? 2 : 1;
        }
        else if (Starts(text, at, "%3D") || Starts(text, at, "%3d") || Starts(text, at, "%3A") || Starts(text, at, "%3a"))
        {
            at += 3;
            separator = '=';
        }
        else if (separator == ',' && hasQuote) at++;
        else return default;
        before = at;
        at = SkipBlanks(text, at);
        var isLoose = !hasQuote && (hasBlanks || at > before || separator == ':');
        if (separator == ',' && At(text, at) is not ('"' or '\'' or '\\')) return default;
        return Value(text, at, lineEnd, isLoose, separator);
    }

    /// <summary>What begins here, in quotes, in brackets or bare.</summary>
    /// <param name="lineEnd">Where a bare value ends; 0 when it ends with its word.</param>
    public static ValueForm Value(ReadOnlySpan<char> text, int at, int lineEnd, bool isLoose, char separator)
    {
        var isList = At(text, at) == '[' && RedactText.MarkLength(text[at..]) == 0; // or what stands for quotes
        if (isList) at++;
        if (At(text, at) is 'b' or 'r' or 'u' or '@' && At(text, at + 1) is '"' or '\'') at++;
        if (TryQuote(text, ref at, out var quote, out var escapes))
        {
            var end = Closing(text, at, quote, escapes);
            while (isList && NextItem(text, end) is var item and > 0) end = Closing(text, item, quote, escapes);
            return new ValueForm(at, end, true, isLoose, separator);
        }
        if (lineEnd > at)
        {
            var length = text[at..lineEnd].IndexOfAny('"', '\''); // curl -H 'Cookie: a=b'; but username="…"
            var isInQuotes = length > 0 && text[at + length - 1] is not ('=' or ',' or ' ');
            return new ValueForm(at, isInQuotes ? WithoutEscape(text, at, at + length) : lineEnd, false, isLoose, separator);
        }
        return new ValueForm(at, Bare(text, at), false, isLoose, separator);
    }

    static int Bare(ReadOnlySpan<char> text, int at)
    {
        var from = at;
        while (RedactText.MarkLength(text[from..]) is var mark and > 0) from += mark;
        // A comma ends it only before another key: passwords have commas, too. Nothing behind that is looked at: the next value begins there.
        var end = from;
        while (true)
        {
            var length = text[end..].IndexOfAny(StopsOrComma);
            end = length < 0 ? text.Length : end + length;
            if (end == text.Length || text[end] != ',' || (end + 1 < text.Length && IsKey(text[(end + 1)..Math.Min(text.Length, end + 64)]))) break;
            end++;
        }
        while (end > from && text[end - 1] is ')' or ']' or '}' or ',' or '.' or ':' or '\\') end--;
        return end;
    }

    static bool IsKey(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExcept(Chars.Dotted);
        return length > 0 && text[length] is '=' or ':';
    }

    // Behind the closing quote a comma and another opening one; 0 when the list ends.
    static int NextItem(ReadOnlySpan<char> text, int end)
    {
        while (At(text, end) == '\\') end++;
        end = SkipBlanks(text, end + 1);
        if (At(text, end) != ',') return 0;
        end = SkipBlanks(text, end + 1);
        return TryQuote(text, ref end, out _, out _) ? end : 0;
    }

    static int WithoutEscape(ReadOnlySpan<char> text, int start, int end)
    {
        while (end > start && text[end - 1] == '\\') end--;
        return end;
    }

    // A quote with the backslashes before it: text that was put into JSON, once or twice, has them.
    static bool TryQuote(ReadOnlySpan<char> text, ref int at, out char quote, out int escapes)
    {
        var from = at;
        while (At(text, from) == '\\' && from - at < 8) from++;
        (quote, escapes) = (At(text, from), from - at);
        if (quote is not ('"' or '\'')) return false;
        at = from + 1;
        return true;
    }

    static int Closing(ReadOnlySpan<char> text, int start, char quote, int escapes)
    {
        for (var at = start; at < text.Length; at++)
        {
            var next = text[at..].IndexOfAny(quote, '\n');
            if (next < 0) return text.Length;
            at += next;
            var backslashes = 0;
            while (at - backslashes > start && text[at - backslashes - 1] == '\\') backslashes++;
            if (text[at] == '\n') return at;
            if (escapes == 0 ? backslashes % 2 == 0 : backslashes <= escapes) return at - backslashes;
        }
        return text.Length;
    }

    /// <summary>Unlike a word or a number alone.</summary>
    public static bool LooksRandom(ReadOnlySpan<char> value)
    {
        if (value.Length >= 200) return true;
        bool hasDigit = false, hasLetter = false, hasSign = false;
        var turns = 0;
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            hasDigit |= char.IsAsciiDigit(c);
            hasLetter |= char.IsLetter(c);
            hasSign |= c is '!' or '#' or '$' or '%' or '^' or '*' or '?' or '~' or '+' or '/' or '=' or '@';
            if (i > 0 && char.IsAsciiLetterUpper(c) && char.IsAsciiLetterLower(value[i - 1])) turns++;
        }
        return hasLetter && (hasDigit || hasSign || turns >= 3 || value.Length >= 24) && value.Length >= 5;
    }

    static int SkipBlanks(ReadOnlySpan<char> text, int at)
    {
        var limit = Math.Min(text.Length, at + MaxBlanks);
        while (at < limit && text[at] is ' ' or '\t') at++;
        return at;
    }

    static char At(ReadOnlySpan<char> text, int at) => at < text.Length ? text[at] : '\0';

    static bool Starts(ReadOnlySpan<char> text, int at, string what) => at < text.Length && text[at..].StartsWith(what, StringComparison.Ordinal);
}
