namespace Crawlers.Logs.Redaction;

/// <summary>Private keys between BEGIN and END (RFC 7468), their lines parted by line ends or by the two characters \n; also when the end was cut off.</summary>
static class FindKeyBlocks
{
    const string Begin = "-----BEGIN ", End = "-----END ";

    /// <summary>No key has a longer line.</summary>
    const int MaxLine = 8192;

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        var closing = 0; // the next end from where it was looked for last: looked for once, however many beginnings there are
        for (var at = 0; text[at..].IndexOf(Begin) is var begin and >= 0;)
        {
            var start = at + begin;
            at = start + Begin.Length;
            var label = text.Slice(at, Math.Min(60, text.Length - at));
            var close = label.IndexOf("-----");
            if (close < 0 || label[..close].IndexOf("PRIVATE KEY") < 0) continue;
            var body = at + close + 5;
            if (closing < body && closing < text.Length) closing = text[body..].IndexOf(End) is var end and >= 0 ? body + end : text.Length;
            if (closing == text.Length || text[body..closing].Contains(Begin, StringComparison.Ordinal)) at = Lines(text, body);
            else
            {
                at = closing + End.Length;
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
            var length = text.Slice(at, Math.Min(MaxLine, text.Length - at)).IndexOfAny('\n', '\\');
            if (length < 0 && text.Length - at > MaxLine) return kept;
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
