using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>
/// Strips the header of a line by a grammar of its parts, not by formats: what is before a time or level and looks like a field, brackets,
/// numbers and a logger behind it. Depends on the line alone, so that nothing learned can change a fingerprint.
/// </summary>
public ref partial struct ReadHeader
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
        if (line[0] == (byte)'<') Priority();
        if (IsKlog())
        {
            Klog();
            return;
        }
        if (text == 0) Fields();
        if (text > 0)
        {
            isHead = false;
            if (text < line.Length && line[text] is (byte)' ' or (byte)'\t') return;
            Fields();
        }
        while (message < line.Length && line[message] is (byte)' ' or (byte)'\t') message++;
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
                if (ReadTimestamp.TryMatch(inner, out found) && (found.Length >= inner.Length - 1 || inner[found.Length] == (byte)' '))
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
            if (token.Length == 2 && token[1] == (byte)',' && end == message + 2 && end + 1 < line.Length && line[end + 1] == (byte)'[')
            {
                at = end; // Ruby: E, [2026-…
                continue;
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
}
