using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>What stands before the message of a line: time, level, logger, thread. Offsets are bytes of the line; an absent part has length 0.</summary>
/// <param name="TextStart">Where the program's own text begins, behind syslog's host and tag; 0 without them.</param>
/// <param name="MessageStart">Where the message begins.</param>
/// <param name="TagStart">syslog's tag with the process number: with the host it tells streams apart.</param>
public readonly record struct Header(
    int TextStart, int MessageStart, LogLevel Level, Timestamp Time, int LoggerStart, int LoggerLength, int ThreadStart, int ThreadLength, int HostStart, int TagStart, int TagLength)
{
    public bool HasTime => Time.Length > 0;

    public bool IsSyslog => TextStart > 0;

    /// <summary>The program's own text begins with a time or a level: a new event begins here.</summary>
    public bool IsHead { get; init; }
}

/// <summary>
/// Strips the header of a line by a grammar of its parts, not by formats: what is before a time or level and looks like a field, brackets,
/// numbers and a logger behind it. Depends on the line alone, so that nothing learned can change a fingerprint.
/// </summary>
ref struct ReadHeader
{
    const int MaxLoose = 4, MaxPrefix = 6;

    readonly ReadOnlySpan<byte> line;
    int at;
    int message; // everything before it is header for sure
    int text;
    Timestamp time;
    LogLevel level;
    int loggerStart, loggerLength, threadStart, threadLength, host, tag, tagLength;
    bool isHead;

    ReadHeader(ReadOnlySpan<byte> line) => this.line = line;

    public static Header Of(ReadOnlySpan<byte> line)
    {
        var read = new ReadHeader(line);
        read.Run();
        return new Header(read.text, read.message, read.level, read.time, read.loggerStart, read.loggerLength, read.threadStart, read.threadLength, read.host, read.tag, read.tagLength) { IsHead = read.isHead };
    }

    void Run()
    {
        if (line.IsEmpty || line[0] is (byte)' ' or (byte)'\t') return;
        if (line[0] == (byte)'<' && Priority()) at = message;
        Fields();
        if (text > 0)
        {
            isHead = false;
            if (text < line.Length && line[text] is (byte)' ' or (byte)'\t') return;
            Fields();
        }
        while (message < line.Length && line[message] is (byte)' ' or (byte)'\t') message++;
    }

    // <34>: facility * 8 + severity
    bool Priority()
    {
        var close = line[..Math.Min(5, line.Length)].IndexOf((byte)'>');
        if (close < 2 || !int.TryParse(line[1..close], out var priority) || priority > 191) return false;
        level = LogLevels.OfSyslog(priority % 8);
        message = close + 1;
        if (message + 1 < line.Length && line[message] == (byte)'1' && line[message + 1] == (byte)' ') message += 2; // RFC 5424
        return true;
    }

    void Fields()
    {
        at = message;
        var loose = 0;
        var hasLevel = false;
        var isTimed = false;
        while (true)
        {
            while (at < line.Length && line[at] == (byte)' ') at++;
            if (at >= line.Length) break;
            var b = line[at];
            if (ReadTimestamp.TryMatch(line[at..], out var found))
            {
                at += found.Length;
                var isSyslog = found.IsSyslog || (found.Year > 0 && text == 0 && IsHostAndProcess());
                if (!isTimed || found.Epoch is null) time = found;
                isTimed = isHead = true;
                loose = 0;
                if (isSyslog && text == 0 && HostAndTag()) return;
                Commit();
                if (at < line.Length && line[at] == (byte)'|')
                {
                    Pipes();
                    return;
                }
                continue;
            }
            if (b == (byte)'[')
            {
                var close = Close();
                if (close < 0) break;
                var inner = line[(at + 1)..close];
                if (ReadTimestamp.TryMatch(inner, out found) && found.Length >= inner.Length - 1)
                {
                    if (!isTimed) time = found;
                    isTimed = isHead = true;
                }
                else if (!hasLevel && LogLevels.OfWord(Trimmed(inner)) is var named and not LogLevel.Unknown)
                {
                    level = named;
                    hasLevel = isHead = true;
                }
                else if (!isTimed && !hasLevel)
                {
                    if (++loose > MaxPrefix) break;
                    at = close + 1;
                    continue;
                }
                else if (hasLevel || ContinuesAfter(close + 1)) (threadStart, threadLength) = (at + 1, inner.Length);
                else break;
                at = close + 1;
                if (at < line.Length && line[at] == (byte)':') at++;
                loose = 0;
                Commit();
                continue;
            }
            var end = TokenEnd(at);
            var token = line[at..end];
            if (!hasLevel && Level(token, end, isTimed) is var seen and not LogLevel.Unknown)
            {
                level = seen;
                hasLevel = isHead = true;
                at = end;
                while (at < line.Length && line[at] is (byte)':' or (byte)',') at++;
                loose = 0;
                Commit();
                AfterLevel();
                return;
            }
            if (token.Length == 1 && b is (byte)'-' or (byte)'|' or (byte)':' or (byte)',')
            {
                at = end;
                if (isTimed && b is not (byte)'-') Commit();
                if (!isTimed && !hasLevel && ++loose > MaxPrefix) break;
                continue;
            }
            if (++loose > (isTimed ? MaxLoose : MaxPrefix) || !IsField(token, isTimed)) break;
            at = end;
        }
        if (isTimed && !hasLevel)
        {
            at = message;
            AfterLevel();
        }
    }

    void Commit() => message = at;

    readonly int TokenEnd(int from)
    {
        var length = line[from..].IndexOfAny((byte)' ', (byte)'\t', (byte)'|');
        return length <= 0 ? (length == 0 ? from + 1 : line.Length) : from + length;
    }

    static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> word) => word.Trim((byte)' ');

    // A host, a number, a dotted name, a date, an upper-case word behind a time: what may stand before a time or a level.
    static bool IsField(ReadOnlySpan<byte> token, bool isTimed, bool isBracket = false)
    {
        if (token.Length > (isBracket ? 200 : 100)) return false;
        if (isBracket && token.IndexOfAnyExcept((byte)'-', (byte)' ') < 0) return true; // nothing to say
        bool digit = false, joint = false, lower = false;
        for (var i = 0; i < token.Length; i++)
        {
            var c = token[i];
            if (c is >= (byte)'0' and <= (byte)'9') digit = true;
            else if (c is >= (byte)'a' and <= (byte)'z') lower = true;
            else if (c is (byte)'.' or (byte)'-' or (byte)'_' or (byte)'/' or (byte)':' or (byte)'@') joint |= i < token.Length - 1;
            else if (!isBracket && c is (byte)'=' or (byte)'"' or (byte)'{' or (byte)'(') return false;
        }
        return digit || joint || (isTimed && !lower);
    }

    LogLevel Level(ReadOnlySpan<byte> token, int end, bool isTimed)
    {
        if (token.Length == 1 && isTimed)
        {
            // logcat: time, two numbers, a letter; a letter alone in a sentence is followed by a small one
            var letter = LogLevels.OfLetter(token[0]);
            return letter != LogLevel.Unknown && end + 1 < line.Length && line[end] == (byte)' ' ? letter : LogLevel.Unknown;
        }
        if (token.Length > 2 && (token[^1] is (byte)':' or (byte)',' || (token.IndexOf((byte)':') is > 2 and < 10)))
        {
            var colon = token.IndexOfAny((byte)':', (byte)',');
            if (LogLevels.OfWord(token[..colon]) is var labelled and not LogLevel.Unknown && (isTimed || at == message))
            {
                // ERROR:root:message of Python, fail: of .NET; Error: alone is the beginning of a trace
                var isLabel = IsUpper(token[..colon]) || (colon == token.Length - 1 && (isTimed || (colon == 4 && token[0] >= (byte)'a')));
                return isLabel ? Shorten(labelled, colon) : LogLevel.Unknown;
            }
            return LogLevel.Unknown;
        }
        var level = LogLevels.OfWord(token);
        if (level == LogLevel.Unknown) return level;
        if (IsUpper(token)) return isTimed || at == message ? level : LogLevel.Unknown;
        // Info or info: behind a time, in a column of its own
        return isTimed && end + 1 < line.Length && (line[end] == (byte)'|' || (line[end] == (byte)' ' && (line[end + 1] is (byte)' ' or (byte)'[' or (byte)'-' || ByteClasses.Is(token[0], ByteClass.Upper)))) ? level : LogLevel.Unknown;
    }

    LogLevel Shorten(LogLevel level, int colon)
    {
        shortened = at + colon + 1;
        return level;
    }

    int shortened;

    static bool IsUpper(ReadOnlySpan<byte> word) => !word.ContainsAnyInRange((byte)'a', (byte)'z');

    readonly int Close()
    {
        var depth = 0;
        var limit = Math.Min(line.Length, at + 200);
        for (var i = at; i < limit; i++)
        {
            if (line[i] == (byte)'[') depth++;
            else if (line[i] == (byte)']' && --depth == 0) return i;
        }
        return -1;
    }

    // Behind a time and before any level: [main] is the thread when a level or another bracket comes, or a colon.
    readonly bool ContinuesAfter(int from)
    {
        if (from < line.Length && line[from] == (byte)':') return true;
        while (from < line.Length && line[from] == (byte)' ') from++;
        if (from >= line.Length) return false;
        if (line[from] is (byte)'[' or (byte)'-' or (byte)'|') return true;
        var end = TokenEnd(from);
        if (line[end - 1] == (byte)':') end--;
        return LogLevels.OfWord(line[from..end]) != LogLevel.Unknown || line[at..from].ContainsAnyInRange((byte)'0', (byte)'9');
    }

    // Threads, numbers, dashes and the logger behind the level.
    void AfterLevel()
    {
        if (shortened > 0) at = message = shortened;
        shortened = 0;
        var brackets = 0;
        while (true)
        {
            while (at < line.Length && line[at] is (byte)' ' or (byte)'\t') at++;
            if (at >= line.Length)
            {
                Commit();
                return;
            }
            var b = line[at];
            if (b is (byte)'[' or (byte)'(' && brackets < 3)
            {
                var close = b == (byte)'[' ? Close() : line[at..Math.Min(line.Length, at + 100)].IndexOf((byte)')') is var length and > 0 ? at + length : -1;
                if (close < 0 || close + 1 >= line.Length) break;
                var isField = line[close + 1] == (byte)':' || (b == (byte)'[' && (IsField(line[(at + 1)..close], isTimed: false, isBracket: true) || (brackets == 0 && level != LogLevel.Unknown && BeforeLogger(close + 1))));
                if (!isField) break;
                (threadStart, threadLength) = (at + 1, close - at - 1);
                at = close + 1;
                brackets++;
                if (line[at] == (byte)':') at++;
                Commit();
                continue;
            }
            if (b is (byte)'-' or (byte)':' or (byte)'|' && at + 1 < line.Length && line[at + 1] is (byte)' ' or (byte)'-' or (byte)'|')
            {
                while (at < line.Length && line[at] == b) at++;
                Commit();
                if (b != (byte)'|' && brackets + loggerLength > 0) return; // " - " behind thread or logger: the message
                continue;
            }
            if (ByteClasses.Is(b, ByteClass.Digit))
            {
                var end = TokenEnd(at);
                var next = end;
                while (next < line.Length && line[next] == (byte)' ') next++;
                var isProcess = line[at..end].IndexOfAnyExcept("0123456789"u8) < 0 && next < line.Length && line[next] is (byte)'[' or (byte)'-' or (byte)'|';
                if (!isProcess) break;
                at = end;
                Commit();
                continue;
            }
            if (loggerLength > 0 || LoggerEnd(at) is not (var after and > 0)) break;
            var length2 = line[at..after].Length;
            (loggerStart, loggerLength) = (at, length2);
            at = after;
            if (at < line.Length && line[at] == (byte)':') at++;
            Commit();
            if (line[at - 1] == (byte)':') return;
        }
        Commit2();
    }

    // [main] com.example.Orders: …, or [main] - …
    readonly bool BeforeLogger(int from)
    {
        while (from < line.Length && line[from] == (byte)' ') from++;
        return from + 1 < line.Length && ((line[from] == (byte)'-' && line[from + 1] == (byte)' ') || LoggerEnd(from) > 0);
    }

    void Commit2()
    {
        if (at > message && line[message..at].IndexOfAnyExcept((byte)' ', (byte)'\t') < 0) message = at;
    }

    /// <returns>The end of the logger that begins there; 0 when it is a word of the message.</returns>
    readonly int LoggerEnd(int from)
    {
        if (from >= line.Length || !ByteClasses.Is(line[from], ByteClass.Letter)) return 0;
        bool dotted = false, camel = false, bracket = false;
        var end = from;
        for (; end < line.Length; end++)
        {
            var c = line[end];
            if (c is (byte)'.' or (byte)'$' or (byte)'_' or (byte)'@' or (byte)'/') dotted = true;
            else if (c == (byte)'[' && end > from)
            {
                var close = line[end..].IndexOf((byte)']');
                if (close is < 1 or > 20) return 0;
                bracket = true;
                end += close;
            }
            else if (ByteClasses.Is(c, ByteClass.Upper)) camel |= end > from && line[end - 1] is >= (byte)'a' and <= (byte)'z';
            else if (!ByteClasses.Is(c, ByteClass.Word)) break;
        }
        if (end - from > 120) return 0;
        if (end == line.Length) return bracket && level != LogLevel.Unknown ? end : 0;
        if (line[end] == (byte)':') return (dotted || camel || bracket) && (end + 1 == line.Length || line[end + 1] is (byte)' ' or (byte)'\t') ? end : 0;
        if (line[end] != (byte)' ' || end + 2 >= line.Length) return 0;
        if (line[end + 1] == (byte)'*' && dotted && level == LogLevel.Unknown)
        {
            // program.exe *64 - …
            var mark = TokenEnd(end + 1);
            return mark + 2 < line.Length && line[mark + 1] == (byte)'-' && line[mark + 2] == (byte)' ' ? mark : 0;
        }
        if (line[end + 1] is (byte)'-' or (byte)':' && line[end + 2] == (byte)' ') return (dotted || camel) && line[end - 1] != (byte)'.' ? end : 0;
        if (line[end + 1] == (byte)'[') return dotted && level != LogLevel.Unknown && line[end - 1] != (byte)'.' ? end : 0;
        return line[end + 1] == (byte)' ' && level != LogLevel.Unknown && threadLength == 0 ? end : 0; // a column
    }

    // time|logger|process|message
    void Pipes()
    {
        var fields = 0;
        while (fields < 5 && at < line.Length && line[at] == (byte)'|')
        {
            at++;
            Commit();
            var length = line[at..].IndexOf((byte)'|');
            if (length is < 0 or > 60) return;
            var field = Trimmed(line.Slice(at, length));
            if (fields > 0 && field.Contains((byte)' ')) return;
            if (LogLevels.OfWord(field) is var named and not LogLevel.Unknown) level = named;
            else if (field.Length > 0 && field.IndexOfAnyExcept("0123456789"u8) >= 0)
            {
                if (loggerLength > 0 && threadLength > 0) return;
                if (loggerLength == 0) (loggerStart, loggerLength) = (at, length);
                else (threadStart, threadLength) = (at, length);
            }
            else
            {
                if (threadLength > 0) return;
                (threadStart, threadLength) = (at, length);
                if (loggerLength > 0)
                {
                    at += length + 1;
                    Commit();
                    return;
                }
            }
            at += length;
            fields++;
        }
        Commit();
    }

    // An ISO time, a host, and a tag with a process number: journalctl -o short-iso
    readonly bool IsHostAndProcess()
    {
        var from = at;
        if (from >= line.Length || line[from] != (byte)' ') return false;
        var hostEnd = TokenEnd(from + 1);
        if (hostEnd >= line.Length || line[from + 1] is (byte)'[' or (byte)'-') return false;
        var tagEnd = TokenEnd(hostEnd + 1);
        return tagEnd - hostEnd > 5 && line[(tagEnd - 2)..tagEnd].SequenceEqual("]:"u8) && line[hostEnd..tagEnd].Contains((byte)'[') && line[hostEnd + 1] != (byte)'[';
    }

    // The host and, up to a colon, the tag: name[123]: or name: or name version:
    bool HostAndTag()
    {
        if (at >= line.Length || line[at] != (byte)' ') return false;
        while (at < line.Length && line[at] == (byte)' ') at++;
        host = at;
        var end = TokenEnd(at);
        if (end >= line.Length) return false;
        at = end;
        while (at < line.Length && line[at] == (byte)' ') at++;
        var rest = line[at..];
        var stop = rest[..Math.Min(rest.Length, 120)].IndexOfAny((byte)':', (byte)' ', (byte)'[');
        tag = at;
        if (stop > 0 && rest[stop] == (byte)'[')
        {
            var close = rest[stop..].IndexOf((byte)']');
            if (close is > 0 and < 24)
            {
                tagLength = stop + close + 1;
                at += tagLength;
                if (at < line.Length && line[at] == (byte)':') at++;
            }
        }
        else if (stop > 0 && rest[stop] == (byte)':' && stop + 1 < rest.Length && rest[stop + 1] == (byte)' ')
        {
            tagLength = stop;
            at += stop + 1;
        }
        else if (stop > 0 && rest[stop] == (byte)' ' && stop + 1 < rest.Length && ByteClasses.Is(rest[stop + 1], ByteClass.Digit) && rest[stop..].IndexOf(": "u8) is var colon and > 0 and < 20)
        {
            tagLength = stop;
            at += stop + colon + 1;
        }
        if (at < line.Length && line[at] == (byte)' ') at++;
        text = message = at;
        return true;
    }
}
