using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>What stands between level and message.</summary>
public ref partial struct ReadHeader
{
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
                var isProcess = line[at..end].IndexOfAnyExcept(ByteClasses.Digits) < 0 && next < line.Length && line[next] is (byte)'[' or (byte)'-' or (byte)'|';
                if (!isProcess) break;
                at = end;
                Commit();
                continue;
            }
            if (loggerLength > 0 || LoggerEnd(at) is not (var after and > 0)) break;
            (loggerStart, loggerLength) = (at, after - at);
            at = after;
            if (at < line.Length && line[at] == (byte)':') at++;
            Commit();
            if (line[at - 1] == (byte)':') return;
        }
        SkipSpaces();
    }

    // [main] com.example.Orders: …, or [main] - …
    readonly bool BeforeLogger(int from)
    {
        while (from < line.Length && line[from] == (byte)' ') from++;
        return from + 1 < line.Length && ((line[from] == (byte)'-' && line[from + 1] == (byte)' ') || LoggerEnd(from) > 0);
    }

    void SkipSpaces()
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
        var column = end;
        while (column < line.Length - 1 && line[column] == (byte)' ') column++;
        if (column > end + 1 && line[column] == (byte)':' && line[column + 1] == (byte)' ' && (dotted || camel)) return end; // Spring's column
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
            else if (field.Length > 0 && field.IndexOfAnyExcept(ByteClasses.Digits) >= 0)
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
}
