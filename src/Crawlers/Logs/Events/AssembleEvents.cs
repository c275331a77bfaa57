using Crawlers.Logs.Otlp;

namespace Crawlers.Logs.Events;

/// <summary>
/// Joins the lines of a source to events, stream by stream, so that writers who take turns do not mix. An event ends with the next head of
/// its stream, with silence, or when it has too many lines. For one thread.
/// </summary>
public sealed class AssembleEvents(TakeEvent take, LogFormat format = LogFormat.Auto)
{
    public const int MaxEventBytes = 64 * 1024;
    const int MaxLines = 10_000, MaxStreams = 4096, MaxPartialBytes = 64 * 1024, MaxSavedBytes = 1024 * 1024;
    const byte StateVersion = 1;

    readonly Unwrap unwrap = new(format);
    readonly Dictionary<ulong, EventStream> streams = [];
    ulong lastKey;
    EventStream? last;

    /// <summary>Streams with an open event.</summary>
    public int Streams => streams.Count;

    /// <param name="number">The line's number in its source, 1-based.</param>
    /// <param name="now">The caller's clock in ticks, for <see cref="FlushSilent"/>.</param>
    public void Add(ReadOnlySpan<byte> raw, long number, long now = 0)
    {
        if (ReadExport.IsExport(raw) && format is LogFormat.Auto or LogFormat.Json && AddExport(raw, number, now)) return;
        var line = unwrap.Run(raw);
        if (line.IsWhole)
        {
            Whole(line, number, now);
            return;
        }
        var header = default(Header);
        if (!line.IsPartial) header = HeaderOf(line);
        var key = line.Stream;
        if (header.IsSyslog) key ^= Key(line.Text[header.HostStart..(header.TagStart + header.TagLength)]);
        var stream = key == lastKey && last is not null ? last : Find(key, now);
        if (line.IsPartial)
        {
            stream.Keep(line.Text, MaxPartialBytes);
            stream.PartialNumbers.Add(number);
            return;
        }
        if (stream.HasPartial)
        {
            stream.Keep(line.Text, MaxPartialBytes);
            line.Text = stream.TakePartial();
            header = ReadHeader.Of(line.Text);
        }
        Put(stream, line, header, number, now);
    }

    // A line of the collector's file exporter holds several records; each is an event of this one line.
    bool AddExport(ReadOnlySpan<byte> raw, long number, long now)
    {
        if (ReadExport.Run(raw.ToArray(), ExportEncoding.Json, DateTimeOffset.UnixEpoch) is not ExportRead.Taken { Accepted: > 0 } taken) return false;
        foreach (var chunk in taken.Chunks)
            for (var lines = chunk.Lines.Span; lines.IndexOf((byte)'\n') is var end and >= 0; lines = lines[(end + 1)..]) Add(lines[..end], number, now);
        return true;
    }

    /// <summary>Hands over what nothing was added to since then.</summary>
    public void FlushSilent(long before)
    {
        foreach (var (key, stream) in streams)
        {
            if (stream.LastSeen >= before || stream.HasPartial) continue;
            stream.Close(take);
        }
    }

    /// <summary>Whether <see cref="FlushSilent"/> would hand something over.</summary>
    public bool HasOpenBefore(long before)
    {
        foreach (var stream in streams.Values)
            if (stream.IsOpen && stream.LastSeen < before && !stream.HasPartial) return true;
        return false;
    }

    /// <summary>Hands over everything: the source has ended.</summary>
    public void Flush()
    {
        foreach (var stream in streams.Values)
        {
            if (stream.HasPartial)
            {
                var line = new UnwrappedLine { Text = stream.TakePartial() };
                Put(stream, line, ReadHeader.Of(line.Text), 0, stream.LastSeen);
            }
            stream.Close(take);
        }
        streams.Clear();
        last = null;
    }

    // A record of JSON may hold several lines; a plain line is one.
    static Header HeaderOf(in UnwrappedLine line)
    {
        var text = line.Text;
        if (line.IsEnveloped && text.IndexOf((byte)'\n') is var end and >= 0) text = text[..end];
        return ReadHeader.Of(text);
    }

    void Whole(in UnwrappedLine line, long number, long now)
    {
        var stream = Find(line.Stream ^ 0x5bd1e995, now);
        stream.Close(take);
        stream.Begin(line, HeaderOf(line), number, now);
        stream.Close(take);
    }

    void Put(EventStream stream, in UnwrappedLine line, in Header header, long number, long now)
    {
        var text = header.IsSyslog ? line.Text[header.TextStart..] : line.Text;
        if (stream.IsOpen && !Begins(stream, text, header))
        {
            if (stream.LineCount < MaxLines)
            {
                stream.TakeNumbers();
                if (text.IsEmpty || text.IndexOfAnyExcept((byte)' ', (byte)'\t') < 0) stream.AppendBlank(number);
                else
                {
                    stream.Note(TraceMarks.Of(text));
                    stream.Append(text, number, MaxEventBytes, now);
                }
                return;
            }
        }
        stream.Close(take);
        if (text.IsEmpty) return;
        if (header.IsHead) stream.Learn(header);
        else stream.LearnLoose();
        stream.Begin(line, header, number, now);
        if (!header.IsHead) stream.Note(TraceMarks.Of(text));
    }

    /// <summary>Whether a new event begins with this line.</summary>
    static bool Begins(EventStream stream, ReadOnlySpan<byte> text, in Header header)
    {
        if (header.IsHead && stream.Accepts(header)) return true;
        if (text.IsEmpty) return false;
        var mark = TraceMarks.Of(text);
        if (mark == TraceMark.Start) return true;
        var isQuiet = stream.Level is > LogLevel.Unknown and < LogLevel.Warning && !stream.HasTrace;
        if (mark == TraceMark.Traceback) return !stream.AnnouncesTrace && (stream.HasTrace || isQuiet || !stream.HasHeads);
        if (isQuiet && mark == TraceMark.Exception) return true;
        if (text[0] is (byte)' ' or (byte)'\t') return !(stream.HasHeads || stream.HasTrace || mark != TraceMark.None || !header.IsSyslog);
        if (stream.HasHeads || stream.AwaitsException) return false;
        return mark switch
        {
            TraceMark.Frame or TraceMark.Cause => false,
            TraceMark.Part or TraceMark.Announcement or TraceMark.Caret => !stream.HasTrace,
            _ => true,
        };
    }

    EventStream Find(ulong key, long now)
    {
        if (!streams.TryGetValue(key, out var stream))
        {
            if (streams.Count >= MaxStreams) DropOldest();
            streams[key] = stream = new EventStream { LastSeen = now };
        }
        (lastKey, last) = (key, stream);
        return stream;
    }

    // A quarter at once, so that it is rare: processes come and go, and each is a stream.
    void DropOldest()
    {
        foreach (var (key, stream) in streams.OrderBy(s => s.Value.LastSeen).Take(MaxStreams / 4).ToList())
        {
            stream.Close(take);
            streams.Remove(key);
        }
        last = null;
    }

    /// <summary>Everything that is open and learned, so that another assembler goes on as if it had read all lines. Open events beyond the limit of its size are handed over before.</summary>
    public byte[] Save()
    {
        var open = streams.Values.Sum(s => (long)s.OpenBytes);
        if (open > MaxSavedBytes)
            foreach (var stream in streams.Values.OrderBy(s => s.LastSeen).ToList())
            {
                if (open <= MaxSavedBytes) break;
                open -= stream.OpenBytes;
                stream.Close(take);
            }
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(StateVersion);
        writer.Write7BitEncodedInt(streams.Count);
        foreach (var (key, stream) in streams.OrderBy(s => s.Value.LastSeen)) // their order is their age
        {
            writer.Write(key);
            stream.Save(writer);
        }
        writer.Flush();
        return memory.ToArray();
    }

    /// <param name="state">What <see cref="Save"/> gave.</param>
    /// <param name="now">By the caller's clock: silence is counted from here.</param>
    /// <returns>False when another version wrote it: then it begins anew, with nothing open.</returns>
    public bool Restore(byte[] state, long now)
    {
        using var reader = new BinaryReader(new MemoryStream(state, writable: false));
        if (state.Length == 0 || reader.ReadByte() != StateVersion) return false;
        for (var left = reader.Read7BitEncodedInt(); left > 0; left--) streams[reader.ReadUInt64()] = EventStream.Load(reader, now);
        return true;
    }

    static ulong Key(ReadOnlySpan<byte> tag)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in tag) hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }
}
