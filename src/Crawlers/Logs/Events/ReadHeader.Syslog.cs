using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>The host and tag that syslog and the journal put before the text of a program.</summary>
ref partial struct ReadHeader
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
