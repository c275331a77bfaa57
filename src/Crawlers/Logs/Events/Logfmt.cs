namespace Crawlers.Logs.Events;

/// <summary>key=value pairs with a message among them: time=… level=error msg="…" err="…".</summary>
static class Logfmt
{
    /// <returns>False when the line does not begin with a pair, or has no message.</returns>
    public static bool TryRead(ReadOnlySpan<byte> line, JsonRecord into)
    {
        var first = line[..Math.Min(line.Length, 40)].IndexOfAny((byte)'=', (byte)' ');
        if (first <= 0 || line[first] != (byte)'=' || line.IndexOf("msg="u8) < 0 && line.IndexOf("message="u8) < 0) return false;
        ReadOnlySpan<byte> message = default, fault = default, time = default;
        var level = LogLevel.Unknown;
        var at = 0;
        while (at < line.Length)
        {
            while (at < line.Length && line[at] == (byte)' ') at++;
            var key = at;
            while (at < line.Length && line[at] is not ((byte)'=' or (byte)' ')) at++;
            if (at >= line.Length || line[at] == (byte)' ') continue; // a word without a value
            var name = line[key..at++];
            var value = Value(line, ref at);
            if (name.SequenceEqual("msg"u8) || name.SequenceEqual("message"u8)) message = value;
            else if (name.SequenceEqual("level"u8) || name.SequenceEqual("lvl"u8) || name.SequenceEqual("severity"u8)) level = LogLevels.OfWord(value);
            else if (name.SequenceEqual("err"u8) || name.SequenceEqual("error"u8)) fault = value;
            else if (name.SequenceEqual("time"u8) || name.SequenceEqual("ts"u8) || name.SequenceEqual("t"u8)) time = value;
        }
        if (message.IsEmpty || (level == LogLevel.Unknown && time.IsEmpty)) return false;
        into.Set(message, fault, level, time);
        return true;
    }

    // Quoted values keep their escapes: they are the same in each event.
    static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> line, scoped ref int at)
    {
        var start = at;
        if (at < line.Length && line[at] == (byte)'"')
        {
            start = ++at;
            while (at < line.Length && line[at] != (byte)'"') at += line[at] == (byte)'\\' ? 2 : 1;
            at = Math.Min(at, line.Length);
            var quoted = line[start..at];
            at = Math.Min(at + 1, line.Length);
            return quoted;
        }
        while (at < line.Length && line[at] != (byte)' ') at++;
        return line[start..at];
    }
}
