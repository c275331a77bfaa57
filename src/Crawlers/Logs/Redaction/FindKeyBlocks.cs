namespace Crawlers.Logs.Redaction;

/// <summary>Private keys between BEGIN and END (RFC 7468), their lines parted by line ends or by the two characters \n; also when the end was cut off.</summary>
static class FindKeyBlocks
{
    const string Begin = "-----BEGIN ", End = "-----END ";

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        for (var at = 0; text[at..].IndexOf(Begin) is var begin and >= 0;)
        {
            var start = at + begin;
            at = start + Begin.Length;
            var label = text.Slice(at, Math.Min(60, text.Length - at));
            var close = label.IndexOf("-----");
            if (close < 0 || label[..close].IndexOf("PRIVATE KEY") < 0) continue;
            var body = at + close + 5;
            var end = text[body..].IndexOf(End);
            var next = text[body..].IndexOf(Begin);
            if (end < 0 || (next >= 0 && next < end)) at = Lines(text, body);
            else
            {
                at = body + end + End.Length;
                var last = text.Slice(at, Math.Min(60, text.Length - at)).IndexOf("-----");
                if (last >= 0) at += last + 5;
            }
            found.Add(start, at, "private_key");
        }
    }

    // Up to the first line that is no part of a key.
    static int Lines(ReadOnlySpan<char> text, int at)
    {
        var kept = at;
        while (at < text.Length)
        {
            var length = text[at..].IndexOfAny('\n', '\\');
            var end = length < 0 ? text.Length : at + length;
            var line = text[at..end].Trim(" \t\r\"'+,|");
            var isPart = line.IsEmpty || line.StartsWith("Proc-Type:") || line.StartsWith("DEK-Info:") || (!line.ContainsAnyExcept(Chars.Base64) && (line.Length >= 16 || end == text.Length));
            if (!isPart) return kept;
            if (!line.IsEmpty) kept = end;
            at = end + 1;
            if (end < text.Length && text[end] == '\\' && at < text.Length && text[at] is 'n' or 'r') at++;
        }
        return kept;
    }
}
