using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Mail addresses, also with %40 for the @; no packages with their version, units of systemd, or names of files.</summary>
static class FindMail
{
    static readonly SearchValues<string> Signs = SearchValues.Create(["@", "%40"], StringComparison.Ordinal);

    static readonly HashSet<string> NoTops = new(StringComparer.OrdinalIgnoreCase)
    {
        "service", "socket", "timer", "slice", "scope", "mount", "target", "device", "path", "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "cjs", "ts", "tsx", "css", "json", "map", "html", "php", "java", "exe", "dll", "jar",
    };

    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> NoTop = NoTops.GetAlternateLookup<ReadOnlySpan<char>>();

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        for (var at = 0; text[at..].IndexOfAny(Signs) is var next and >= 0;)
        {
            var sign = at + next;
            var behind = sign + (text[sign] == '@' ? 1 : 3);
            at = behind;
            if (found.UserinfoEnds.Contains(sign)) continue;
            var start = sign;
            while (start > 0 && sign - start < 64 && (char.IsLetterOrDigit(text[start - 1]) || "._%+-'".Contains(text[start - 1], StringComparison.Ordinal))) start--;
            while (start < sign && !char.IsLetterOrDigit(text[start])) start++;
            var end = behind;
            while (end < text.Length && end - behind < 255 && (char.IsLetterOrDigit(text[end]) || text[end] is '-' or '.')) end++;
            var domain = text[behind..end].TrimEnd(".-");
            var dot = domain.LastIndexOf('.');
            if (start == sign || dot <= 0 || domain[0] == '.') continue;
            var top = domain[(dot + 1)..];
            if (top.Length < 2 || !char.IsAsciiLetter(top[0]) || !char.IsAsciiLetter(top[^1]) || NoTop.Contains(top) || IsVersion(domain) || text[start..sign] is "git") continue;
            at = behind + domain.Length;
            found.Add(start, at, "mail");
        }
    }

    // 1.2.3-beta.x, v0.5.0
    static bool IsVersion(ReadOnlySpan<char> domain)
    {
        if (domain[0] == 'v') domain = domain[1..];
        var digits = domain.IndexOfAnyExceptInRange('0', '9');
        return digits > 0 && domain[digits] == '.' && digits + 1 < domain.Length && char.IsAsciiDigit(domain[digits + 1]);
    }
}
