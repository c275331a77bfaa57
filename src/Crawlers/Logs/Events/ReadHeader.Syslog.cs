using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>The host and tag that syslog and the journal put before the text of a program.</summary>
public ref partial struct ReadHeader
{
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
                if (line[at..].StartsWith(" ("u8) && line[at..Math.Min(line.Length, at + 160)].IndexOf("): "u8) is var address and > 0) at += address + 1; // launchd's name of what it speaks about
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

    // <34>: facility * 8 + severity
    void Priority()
    {
        var close = line[..Math.Min(5, line.Length)].IndexOf((byte)'>');
        if (close < 2 || !int.TryParse(line[1..close], out var priority) || priority > 191) return;
        level = LogLevels.OfSyslog(priority % 8);
        message = close + 1;
        if (message + 1 < line.Length && line[message] == (byte)'1' && line[message + 1] == (byte)' ') Rfc5424(message + 2);
    }

    // 2026-03-01T09:00:00Z host app process message-id [structured data] message
    void Rfc5424(int from)
    {
        var next = from;
        if (ReadTimestamp.TryMatch(line[from..], out time)) next += time.Length;
        else if (line[from..].StartsWith("- "u8)) next++;
        else return;
        Span<int> starts = stackalloc int[4];
        foreach (ref var start in starts)
        {
            if (next >= line.Length || line[next] != (byte)' ') return;
            start = ++next;
            var length = line[next..].IndexOf((byte)' ');
            if (length <= 0) return;
            next += length;
        }
        (host, tag, tagLength) = (starts[0], starts[1], starts[3] - 1 - starts[1]);
        next++;
        if (next < line.Length && line[next] == (byte)'-') next++;
        else
            while (next < line.Length && line[next] == (byte)'[' && line[next..].IndexOf((byte)']') is var close and > 0) next += close + 1;
        if (next < line.Length && line[next] == (byte)' ') next++;
        text = message = Math.Min(next, line.Length);
    }

    readonly bool IsKlog() => line.Length > 14 && line[0] is (byte)'I' or (byte)'W' or (byte)'E' or (byte)'F' && line[5] == (byte)' ' && line[8] == (byte)':'
        && !line[1..5].ContainsAnyExceptInRange((byte)'0', (byte)'9') && !line[6..8].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    // E0501 10:00:00.123456    1234 controller.go:115] message
    void Klog()
    {
        if (!ReadTimestamp.TryMatch(line[1..], out time)) return;
        level = LogLevels.OfLetter(line[0]);
        isHead = true;
        message = 1 + time.Length;
        var close = line[message..Math.Min(line.Length, message + 80)].IndexOf("] "u8);
        if (close > 0) message += close + 2;
    }
}
