using System.Text;

namespace Crawlers.Logs.Fingerprints;

/// <summary>
/// Turns a message into its template: what looks like a value becomes a wildcard, values next to each other become one. Looks at the shape
/// of the text alone, so the same message gives the same template everywhere and always. One pass, no allocation.
/// </summary>
public ref struct MaskMessage
{
    /// <summary>Stands for a value in a template; shown as <c>&lt;*&gt;</c>.</summary>
    public const byte Wildcard = 1;

    /// <summary>More of a message is not looked at.</summary>
    public const int MaxInputBytes = 2048;

    readonly ReadOnlySpan<byte> text;
    readonly Span<byte> template;
    readonly List<MaskedPart>? parts;
    readonly bool keepsLetters;
    int written;
    bool isJoined; // nothing but joints since the last wildcard
    int wildcardEnd;
    bool hasLetters;

    MaskMessage(ReadOnlySpan<byte> text, Span<byte> template, List<MaskedPart>? parts, bool keepsLetters)
    {
        this.text = text;
        this.template = template;
        this.parts = parts;
        this.keepsLetters = keepsLetters;
    }

    /// <param name="template">At least <see cref="MaxInputBytes"/> long.</param>
    /// <param name="parts">Takes what was masked and why; null when nobody asks.</param>
    /// <returns>The length of the template.</returns>
    public static int Run(ReadOnlySpan<byte> message, Span<byte> template, List<MaskedPart>? parts = null)
    {
        if (message.Length > MaxInputBytes) message = message[..(message[..MaxInputBytes].LastIndexOf((byte)' ') is var space and > MaxInputBytes / 2 ? space : MaxInputBytes)];
        var mask = new MaskMessage(message, template, parts, keepsLetters: false);
        mask.Run();
        if (mask.hasLetters || mask.written == 0) return mask.written;
        parts?.Clear();
        mask = new MaskMessage(message, template, parts, keepsLetters: true); // nothing but values would be one group for all such messages
        mask.Run();
        return mask.written;
    }

    public static string Shown(ReadOnlySpan<byte> template) => Encoding.UTF8.GetString(template).Replace("\u0001", "<*>", StringComparison.Ordinal);

    void Run()
    {
        var at = 0;
        while (at < text.Length)
        {
            var c = ByteClasses.Of(text[at]);
            if ((c & ByteClass.Space) != 0)
            {
                at++;
                Space();
            }
            else if ((c & ByteClass.Word) != 0) at = Word(at);
            else at = Sign(at);
        }
        while (written > 0 && template[written - 1] == (byte)' ') written--;
    }

    void Space()
    {
        if (written > 0 && template[written - 1] != (byte)' ') template[written++] = (byte)' ';
    }

    void Literal(ReadOnlySpan<byte> what)
    {
        what.CopyTo(template[written..]);
        written += what.Length;
        isJoined = false;
        hasLetters = true;
    }

    /// <returns>Where the text goes on.</returns>
    int Value(int start, int end, MaskKind kind)
    {
        parts?.Add(new MaskedPart(start, end - start, kind, Encoding.UTF8.GetString(text[start..end])));
        if (isJoined) written = wildcardEnd;
        else
        {
            template[written++] = Wildcard;
            wildcardEnd = written;
            isJoined = true;
        }
        return end;
    }

    int Sign(int at)
    {
        var b = text[at];
        if (b is (byte)'/' or (byte)'\\' && Forms.Path(text, at) is var pathEnd and > 0) return Value(at, pathEnd, MaskKind.Path);
        if (b is (byte)'\'' or (byte)'"' or (byte)'`' && Forms.QuotedWord(text, at) is var quoteEnd and > 0)
        {
            template[written++] = b;
            isJoined = false;
            Value(at + 1, quoteEnd - 1, MaskKind.Quoted);
            template[written++] = b;
            isJoined = false;
            return quoteEnd;
        }
        if (b is (byte)'(' or (byte)'[' && Forms.IsEmptyPair(text, at))
        {
            template[written++] = b;
            isJoined = false;
            Value(at + 1, at + 1, MaskKind.Empty);
            template[written++] = text[at + 1];
            isJoined = false;
            return at + 2;
        }
        if (b is (byte)'<' or (byte)'>' && at + 1 < text.Length && ByteClasses.Is(text[at + 1], ByteClass.Digit) && (at == 0 || text[at - 1] == (byte)' ')) return at + 1; // <1 sec
        template[written++] = b;
        if (!ByteClasses.Is(b, ByteClass.Joint)) isJoined = false;
        return at + 1;
    }

    int Word(int start)
    {
        var end = start;
        var seen = ByteClass.None;
        var isHex = true;
        while (end < text.Length && ByteClasses.Of(text[end]) is var c && (c & ByteClass.Word) != 0)
        {
            seen |= c;
            if (text[end] == (byte)'.' && end + 1 < text.Length && text[end + 1] == (byte)'.') break; // dots that lead to a column
            isHex &= (c & (ByteClass.Digit | ByteClass.HexLetter)) != 0;
            end++;
        }
        if (end == start) return Dots(start);
        var core = end;
        while (core > start && text[core - 1] is (byte)'.' or (byte)'-' or (byte)'~') core--; // a full stop, a dash, an ellipsis
        if (core == start) return Signs(start, end);
        if (end < text.Length && Compound(start, core, end) is var after and > 0) return after;
        if ((seen & ByteClass.Digit) != 0) return Tail(WithDigit(start, core, isHex), end);
        var word = text[start..core];
        if (isHex && core - start >= (start > 0 && text[start - 1] is (byte)'{' or (byte)'@' or (byte)'#' ? 6 : 8)) return Tail(Value(start, core, MaskKind.Hex), end);
        if (word.Length is 3 or 4 && Forms.IsDayOrMonth(text, start, core)) return Tail(Value(start, core, MaskKind.Date), end);
        if (word.Length >= 6 && Forms.IsHost(word)) return Tail(Value(start, core, MaskKind.Host), end);
        if (start > 0 && text[start - 1] == (byte)'=' && Forms.IsQualifiedName(word)) return Tail(Value(start, core, MaskKind.Identifier), end);
        if (word.Length is 4 or 5 && Forms.IsConstant(word)) return Tail(Value(start, core, MaskKind.Constant), end);
        if (isJoined && Forms.IsUnit(word)) return Tail(core, end); // 393.0 KB and 1.1 MB are one
        if ((seen & ByteClass.Letter) == 0) return Signs(start, end);
        Literal(word);
        return Tail(core, end);
    }

    /// <summary>Addresses, mail addresses and drives begin with a word and go on beyond it.</summary>
    /// <returns>Where the text goes on; 0 when it is none of these.</returns>
    int Compound(int start, int core, int end)
    {
        if (core != end) return 0;
        var next = text[end];
        if (next == (byte)':')
        {
            if (Forms.Url(text, end) is var urlEnd and > 0) return Value(start, urlEnd, MaskKind.Url);
            if (end - start == 1 && end + 1 < text.Length && text[end + 1] == (byte)'\\') return Value(start, Forms.PathEnd(text, end), MaskKind.Path);
            if (end - start <= 4 && Forms.HexGroups(text, start) is var groupsEnd and > 0) return Value(start, groupsEnd, MaskKind.IpAddress);
        }
        else if (next == (byte)'@')
        {
            if (Forms.Email(text, end) is var mailEnd and > 0) return Value(start, mailEnd, MaskKind.Email);
        }
        else if (next is (byte)'/' or (byte)'\\' && Forms.RelativePath(text, start, end) is var pathEnd and > 0) return Value(start, pathEnd, MaskKind.Path);
        return 0;
    }

    int WithDigit(int start, int core, bool isHex)
    {
        if (keepsLetters)
        {
            var letters = start;
            while (letters < core && ByteClasses.Is(text[letters], ByteClass.Letter)) letters++;
            if (letters - start >= 2)
            {
                Literal(text[start..letters]);
                return Value(letters, core, MaskKind.Number);
            }
        }
        var end = Value(start, core, parts is null ? MaskKind.Number : Forms.KindOf(text[start..core], isHex));
        return end;
    }

    int Dots(int start)
    {
        var end = start;
        while (end < text.Length && text[end] == (byte)'.') end++;
        return Signs(start, end);
    }

    /// <summary>The full stop or dashes behind a word.</summary>
    int Tail(int from, int end) => from < end ? Signs(from, end) : end;

    int Signs(int from, int end)
    {
        for (; from < end; from++)
        {
            template[written++] = text[from];
            if (!ByteClasses.Is(text[from], ByteClass.Joint)) isJoined = false;
        }
        return end;
    }
}
