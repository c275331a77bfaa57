using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>What stands before the @ of a URL, as in postgres://user:password@host.</summary>
static class FindUserinfo
{
    const int Near = 256;

    static readonly SearchValues<char> AuthorityEnds = SearchValues.Create("/?# \t\r\n\"'<>"), WordEnds = SearchValues.Create(" \t\r\n\"'<>");

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        for (var at = 0; text[at..].IndexOf("://") is var next and >= 0;)
        {
            var start = at += next + 3;
            var length = text[start..].IndexOfAny(AuthorityEnds);
            var end = length < 0 ? text.Length : start + length;
            var sign = text[start..end].LastIndexOf('@');
            if (sign < 0 && length >= 0 && text[end] is '/' or '?' or '#' && IsName(text[start..end]))
            {
                // a password with a slash in it
                var rest = text.Slice(end, Math.Min(Near, text.Length - end));
                var word = rest.IndexOfAny(WordEnds);
                sign = (word < 0 ? rest : rest[..word]).LastIndexOf('@') is var found2 and >= 0 ? end - start + found2 : -1;
            }
            if (sign > 0 && text.Slice(start, sign) is not "git")
            {
                found.Add(start, start + sign, "userinfo");
                found.UserinfoEnds.Add(start + sign);
            }
            at = Math.Max(at, start + sign);
        }
    }

    // user:pa… and no host:port
    static bool IsName(ReadOnlySpan<char> authority) => authority.IndexOf(':') is var colon and > 0 && authority[(colon + 1)..].ContainsAnyExceptInRange('0', '9') && authority[0] != '[';
}
