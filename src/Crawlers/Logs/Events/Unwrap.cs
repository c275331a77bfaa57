using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>
/// Takes the envelope off a line: Docker's JSON files, CRI, journald's and OpenTelemetry's JSON, JSON logs, logfmt. What is not what it looks
/// like stays a plain line. Not safe for use by two threads: it reuses its memory.
/// </summary>
public sealed class Unwrap(LogFormat format = LogFormat.Auto)
{
    readonly JsonRecord record = new();
    readonly JsonRecord inner = new();
    byte[] plain = [];

    public UnwrappedLine Run(ReadOnlySpan<byte> line)
    {
        if (line.Contains((byte)0x1b)) line = WithoutEscapes(line);
        return Run(line, record, depth: 0);
    }

    UnwrappedLine Run(ReadOnlySpan<byte> line, JsonRecord json, int depth)
    {
        if (line.Length > 1 && format != LogFormat.Plain)
        {
            if (line[0] == (byte)'{' && format is not (LogFormat.Cri or LogFormat.Logfmt) && json.TryRead(line)) return Of(json, depth);
            if (line[0] is >= (byte)'0' and <= (byte)'9' && format is LogFormat.Auto or LogFormat.Cri && depth == 0 && Cri(line) is { Stream: not 0 } cri) return Inner(cri, depth);
            if (ByteClasses.Is(line[0], ByteClass.Letter) && format is LogFormat.Auto or LogFormat.Logfmt && Logfmt.TryRead(line, json)) return Of(json, depth);
        }
        return new UnwrappedLine { Text = line };
    }

    UnwrappedLine Of(JsonRecord json, int depth)
    {
        var line = new UnwrappedLine { Text = json.Text, Stream = json.Stream, Level = json.Level, Time = json.Time, IsPartial = json.IsPartial, IsWhole = json.IsWhole, IsEnveloped = true };
        return json.IsWhole ? line : Inner(line, depth);
    }

    // Programs in containers write JSON and logfmt, too.
    UnwrappedLine Inner(UnwrappedLine outer, int depth)
    {
        if (depth > 0 || outer.IsPartial || outer.Text.Length < 2 || (outer.Text[0] != (byte)'{' && !ByteClasses.Is(outer.Text[0], ByteClass.Letter))) return outer;
        var line = Run(outer.Text, inner, depth + 1);
        line.Stream ^= outer.Stream;
        if (line.Level == LogLevel.Unknown) line.Level = outer.Level;
        if (line.Time.IsEmpty) line.Time = outer.Time;
        return line;
    }

    // 2026-03-01T09:00:00.010000000Z stderr F text
    static UnwrappedLine Cri(ReadOnlySpan<byte> line)
    {
        var space = line[..Math.Min(line.Length, 40)].IndexOf((byte)' ');
        if (space < 20 || line[10] != (byte)'T' || space + 10 > line.Length) return default;
        var rest = line[(space + 1)..];
        if (!rest.StartsWith("stdout "u8) && !rest.StartsWith("stderr "u8)) return default;
        var tag = rest[7];
        if (tag is not ((byte)'F' or (byte)'P')) return default;
        var end = rest[7..].IndexOf((byte)' ');
        return new UnwrappedLine
        {
            Text = end < 0 ? default : rest[(7 + end + 1)..],
            Stream = rest[3] == (byte)'o' ? 1u : 2u,
            Time = line[..space],
            IsPartial = tag == (byte)'P',
        };
    }

    // Colours and cursor moves say nothing about the event, and must not act on who reads it.
    ReadOnlySpan<byte> WithoutEscapes(ReadOnlySpan<byte> line)
    {
        if (plain.Length < line.Length) plain = new byte[line.Length];
        var length = 0;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != 0x1b)
            {
                plain[length++] = line[i];
                continue;
            }
            if (i + 1 >= line.Length) break;
            var kind = line[++i];
            if (kind == (byte)'[')
                do i++;
                while (i < line.Length && line[i] is < 0x40 or > 0x7e);
            else if (kind is (byte)']' or (byte)'P' or (byte)'^' or (byte)'_')
                while (i < line.Length && line[i] != 7 && !(line[i] == (byte)'\\' && line[i - 1] == 0x1b)) i++;
        }
        return plain.AsSpan(0, length);
    }
}
