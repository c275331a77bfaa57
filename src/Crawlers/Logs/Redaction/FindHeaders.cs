using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Authorization and cookie headers in all notations, and the word Bearer or Basic before what looks like a secret.</summary>
static class FindHeaders
{
    const int Decides = 200;

    static readonly SearchValues<string> Names = SearchValues.Create(["authorization", "cookie", "bearer ", "basic "], StringComparison.OrdinalIgnoreCase);
    static readonly SearchValues<char> Ends = SearchValues.Create(" \t\r\n\"',;<>\\)]}");

    static readonly HashSet<string> Schemes = new(StringComparer.OrdinalIgnoreCase)
    {
        "Bearer", "Basic", "Digest", "Token", "ApiKey", "Api-Key", "Negotiate", "NTLM", "Hawk", "AWS4-HMAC-SHA256", "Signature", "DPoP", "GoogleLogin", "SharedKey", "SharedAccessSignature", "Key",
    };

    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> SchemeOf = Schemes.GetAlternateLookup<ReadOnlySpan<char>>();

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        var line = -1;
        for (var at = 0; text[at..].IndexOfAny(Names) is var next and >= 0;)
        {
            at += next;
            if (line < at) line = Chars.EndOfLine(text, at);
            var (start, end, kind) = (text[at] | 0x20) switch
            {
                // Whether it is one the beginning decides; only then is it followed to the end of its line.
                'a' when Authorization(text, at + 13, Near(at, line)).End > 0 => Authorization(text, at + 13, line),
                'c' when Cookie(text, at + 6, Near(at, line)).End > 0 => Cookie(text, at + 6, line),
                'a' or 'c' => default,
                _ when Chars.IsEdge(text, at) => Alone(text, at + ((text[at + 1] | 0x20) == 'e' ? 7 : 6)),
                _ => default,
            };
            found.Add(start, end, kind ?? "");
            at = Math.Max(at + 5, end);
        }
    }

    static int Near(int at, int line) => Math.Min(line, at + (2 * Decides));

    static (int Start, int End, string? Kind) Authorization(ReadOnlySpan<char> text, int at, int line)
    {
        var value = ValueForm.Header(text, at, line);
        if (value.Start == 0) return default;
        var start = value.Start;
        var word = text.Slice(start, Math.Min(32, value.End - start));
        word = word.IndexOfAny(' ', '\t') is var blank and > 0 ? word[..blank] : default;
        var hasScheme = SchemeOf.Contains(word);
        if (hasScheme)
        {
            start += word.Length;
            while (start < value.End && text[start] is ' ' or '\t') start++;
        }
        if (value.IsQuoted) return hasScheme || ValueForm.LooksRandom(text[start..value.End]) ? (start, value.End, "authorization") : default;
        if (hasScheme && (text[start..value.End].StartsWith("Credential=") || word is "Digest" or "digest" or "Hawk" or "OAuth" or "Signature")) return (start, value.End, "authorization");
        var end = EndOfWord(text, start, value.End);
        var secret = text.Slice(start, Math.Min(Decides, end - start));
        return (hasScheme && secret.Length >= 16) || ValueForm.LooksRandom(secret) ? (start, end, "authorization") : default;
    }

    static (int Start, int End, string? Kind) Cookie(ReadOnlySpan<char> text, int at, int line)
    {
        var value = ValueForm.Header(text, at, line);
        if (value.Start == 0 || text.Slice(value.Start, Math.Min(Decides, value.End - value.Start)).IndexOf('=') <= 0) return default;
        return (value.Start, value.End, "cookie");
    }

    static (int Start, int End, string? Kind) Alone(ReadOnlySpan<char> text, int at)
    {
        var end = EndOfWord(text, at, text.Length);
        var secret = text.Slice(at, Math.Min(Decides, end - at));
        var isSecret = secret.Length >= 8 && ValueForm.LooksRandom(secret) && secret.ContainsAnyInRange('0', '9');
        return isSecret || (secret.Length >= 24 && !secret.ContainsAnyExcept(Chars.Base64)) ? (at, end, "authorization") : default;
    }

    static int EndOfWord(ReadOnlySpan<char> text, int at, int limit)
    {
        var length = text[at..limit].IndexOfAny(Ends);
        return length < 0 ? limit : at + length;
    }
}
