namespace Crawlers.Logs.Fingerprints;

/// <summary>The forms of values that are more than one word, or have no digit.</summary>
static class Forms
{
    // Generic names, those used inside houses, and countries only behind two more labels: com.example.Foo and rpc.statd are no hosts.
    static readonly HashSet<string> TopLabels = new(StringComparer.OrdinalIgnoreCase)
    {
        "com", "net", "org", "edu", "gov", "mil", "int", "io", "info", "biz", "local", "internal", "lan", "localdomain", "arpa", "dev", "cloud", "corp", "home",
    };
    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Tops = TopLabels.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <returns>The end of the path that begins with the slash; 0 when it is none.</returns>
    public static int Path(ReadOnlySpan<byte> text, int at)
    {
        if (at + 1 >= text.Length || (at > 0 && text[at - 1] == (byte)'<')) return 0; // </tag>
        var next = text[at + 1];
        if (!ByteClasses.Is(next, ByteClass.Word) && next != text[at]) return 0;
        if (next == text[at] && (at + 2 >= text.Length || !ByteClasses.Is(text[at + 2], ByteClass.Word))) return 0;
        if (at > 0 && ByteClasses.Is(text[at - 1], ByteClass.Word) && !ByteClasses.Is(text[at - 1], ByteClass.Digit)) return 0; // read/write
        return PathEnd(text, at);
    }

    /// <summary>Up to a space or a bracket; a full stop or colon at its end belongs to the sentence.</summary>
    public static int PathEnd(ReadOnlySpan<byte> text, int at)
    {
        var length = text[at..].IndexOfAny(ByteClasses.PathEnds);
        var end = length < 0 ? text.Length : at + length;
        while (end > at + 1 && text[end - 1] is (byte)'.' or (byte)':' or (byte)'!' or (byte)'?' or (byte)'=') end--;
        // key=value behind a path is not part of it; a colon that is followed by a word ends it
        var inner = text[at..end].IndexOfAny((byte)'=', (byte)':');
        if (inner > 2 && text[at + inner] == (byte)':' && at + inner + 1 < end && !ByteClasses.Is(text[at + inner + 1], ByteClass.Digit) && text[at + inner + 1] is not ((byte)'/' or (byte)'\\')) end = at + inner;
        return end;
    }

    public static int Url(ReadOnlySpan<byte> text, int colon) =>
        colon + 3 < text.Length && text[colon + 1] == (byte)'/' && text[colon + 2] == (byte)'/' ? PathOfUrl(text, colon) : 0;

    static int PathOfUrl(ReadOnlySpan<byte> text, int at)
    {
        var length = text[at..].IndexOfAny(ByteClasses.PathEnds);
        var end = length < 0 ? text.Length : at + length;
        while (end > at + 3 && text[end - 1] is (byte)'.' or (byte)':' or (byte)'!') end--;
        return end;
    }

    public static int Email(ReadOnlySpan<byte> text, int sign)
    {
        var end = sign + 1;
        var dot = false;
        while (end < text.Length && ByteClasses.Is(text[end], ByteClass.Word))
        {
            dot |= text[end] == (byte)'.' && end > sign + 1;
            end++;
        }
        while (end > sign + 1 && text[end - 1] is (byte)'.' or (byte)'-') end--;
        return dot && end > sign + 3 ? end : 0;
    }

    /// <summary>name=com.example.shop: which package or component; an exception is what happened, and no value.</summary>
    public static bool IsQualifiedName(ReadOnlySpan<byte> word) => word.Count((byte)'.') >= 2 && !word.EndsWith("Exception"u8) && !word.EndsWith("Error"u8);

    /// <summary>a/b/c, a/b.txt, or com.example.shop/.Orders; read/write is no path.</summary>
    public static int RelativePath(ReadOnlySpan<byte> text, int start, int slash)
    {
        var end = PathEnd(text, slash);
        var path = text[start..end];
        var slashes = path.Count(text[slash]);
        if (text[start..slash].Count((byte)'.') >= 2) return end;
        if (slashes >= 2 && path[^1] != text[slash]) return end;
        var last = path[(path.LastIndexOf(text[slash]) + 1)..];
        var dot = last.LastIndexOf((byte)'.');
        return slashes >= 1 && dot > 0 && dot < last.Length - 1 && last.Length - dot <= 6 ? end : 0;
    }

    /// <summary>Three or more groups of hex digits between colons: MAC and IPv6 addresses, in which a group may have no digit.</summary>
    public static int HexGroups(ReadOnlySpan<byte> text, int start)
    {
        int groups = 0, length = 0, at = start;
        for (; at < text.Length; at++)
        {
            if (at - start > 64) return 0;
            if (text[at] == (byte)':')
            {
                if (length == 0 && groups == 0) return 0;
                groups++;
                length = 0;
            }
            else if (ByteClasses.Is(text[at], ByteClass.Digit | ByteClass.HexLetter))
            {
                if (++length > 4) return 0;
            }
            else if (ByteClasses.Is(text[at], ByteClass.Letter)) return 0;
            else break;
        }
        return groups >= 2 && length > 0 ? at : 0;
    }

    /// <summary>Quotes around one word, behind a space or a sign: can't and don't begin none.</summary>
    public static int QuotedWord(ReadOnlySpan<byte> text, int at)
    {
        if (at > 0 && ByteClasses.Is(text[at - 1], ByteClass.Word)) return 0;
        var rest = text[(at + 1)..];
        var close = rest.IndexOfAny(text[at], (byte)' ');
        if (text[at] == (byte)'`' && close < 0) close = rest.IndexOf((byte)'\''); // `word'
        if (close <= 0 || rest[close] == (byte)' ') return 0;
        var after = at + 1 + close + 1;
        return after < text.Length && ByteClasses.Is(text[after], ByteClass.Letter) ? 0 : after;
    }

    /// <summary>"from 10.0.0.1 ()" has the same form as "from 10.0.0.1 (host)"; "clear()" is a name.</summary>
    public static bool IsEmptyPair(ReadOnlySpan<byte> text, int at) =>
        at > 0 && at + 1 < text.Length && text[at + 1] == (text[at] == (byte)'(' ? (byte)')' : (byte)']') && text[at - 1] is (byte)' ' or (byte)'=' or (byte)':' or (byte)',';

    /// <summary>Sat or Jul next to a number or to another such name.</summary>
    public static bool IsDayOrMonth(ReadOnlySpan<byte> text, int start, int end)
    {
        if (!IsName(text[start..end])) return false;
        var at = end;
        while (at < text.Length && text[at] is (byte)' ' or (byte)',' or (byte)'/' or (byte)'-') at++;
        if (at == end || at >= text.Length) return false;
        return ByteClasses.Is(text[at], ByteClass.Digit) || (at + 3 <= text.Length && IsName(text.Slice(at, 3)));
    }

    static bool IsName(ReadOnlySpan<byte> word) => word.Length == 3 && ByteClasses.Is(word[0], ByteClass.Upper) &&
        "MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDec"u8.IndexOf(word) is var at and >= 0 && at % 3 == 0;

    public static bool IsHost(ReadOnlySpan<byte> word)
    {
        var last = word.LastIndexOf((byte)'.');
        if (last <= 0 || word.Length - last - 1 is < 2 or > 11) return false;
        Span<char> chars = stackalloc char[11];
        var top = word[(last + 1)..];
        for (var i = 0; i < top.Length; i++)
        {
            if (!ByteClasses.Is(top[i], ByteClass.Letter) || top[i] >= 0x80) return false;
            chars[i] = (char)top[i];
        }
        if (word.Contains((byte)'$') || word.Contains((byte)'_')) return false;
        var first = word[..word.IndexOf((byte)'.')];
        if (first.SequenceEqual("com"u8) || first.SequenceEqual("org"u8) || first.SequenceEqual("net"u8) || first.SequenceEqual("io"u8) || first.SequenceEqual("java"u8)) return false;
        if (Tops.Contains(chars[..top.Length])) return true;
        return top.Length == 2 && word.Count((byte)'.') >= 2 && word.IndexOfAnyInRange((byte)'A', (byte)'Z') < 0 && ByteClasses.Is(top[0], ByteClass.Letter);
    }

    public static bool IsConstant(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("true"u8) || word.SequenceEqual("false"u8) || word.SequenceEqual("null"u8) || word.SequenceEqual("True"u8) || word.SequenceEqual("False"u8) || word.SequenceEqual("None"u8);

    /// <summary>Behind a number: units that change with its size.</summary>
    public static bool IsUnit(ReadOnlySpan<byte> word) => word.Length switch
    {
        1 => word[0] is (byte)'B' or (byte)'s',
        2 => (word[1] == (byte)'B' && word[0] is (byte)'K' or (byte)'k' or (byte)'M' or (byte)'G' or (byte)'T') || (word[1] == (byte)'s' && word[0] is (byte)'m' or (byte)'u' or (byte)'n'),
        3 => (word[1] == (byte)'i' && word[2] == (byte)'B') || word.SequenceEqual("sec"u8) || word.SequenceEqual("min"u8),
        4 => word.SequenceEqual("secs"u8) || word.SequenceEqual("mins"u8),
        _ => false,
    };

    /// <summary>For the explanation: what a word with a digit looks like.</summary>
    public static MaskKind KindOf(ReadOnlySpan<byte> word, bool isHex)
    {
        if (word.Count((byte)'.') == 3 && word.IndexOfAnyExcept(ByteClasses.Dotted) < 0) return MaskKind.IpAddress;
        if (word.IndexOfAnyExcept(ByteClasses.Numeric) < 0) return MaskKind.Number;
        if (isHex || word.StartsWith("0x"u8)) return MaskKind.Hex;
        return IsHost(word) ? MaskKind.Host : MaskKind.Identifier;
    }
}
