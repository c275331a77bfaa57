namespace Crawlers.Logs.Events;

/// <summary>How a stream is kept over the end of a process.</summary>
sealed partial class EventStream
{
    /// <summary>What of it would be lost with the process.</summary>
    public int OpenBytes => (IsOpen ? length : 0) + partialLength;

    public void Save(BinaryWriter to)
    {
        to.Write7BitEncodedInt(headsTimed);
        to.Write7BitEncodedInt(headsNamed);
        to.Write7BitEncodedInt(loose);
        to.Write7BitEncodedInt(partialLength);
        to.Write(partial, 0, partialLength);
        Save(to, PartialNumbers);
        to.Write(IsOpen);
        if (!IsOpen) return;
        to.Write((byte)((HasTrace ? 1 : 0) | (AwaitsException ? 2 : 0) | (AnnouncesTrace ? 4 : 0) | (IsMultiLine ? 8 : 0) | (IsWhole ? 16 : 0)));
        to.Write((byte)Level);
        to.Write7BitEncodedInt(length);
        to.Write(text, 0, length);
        to.Write7BitEncodedInt(timeLength);
        to.Write(time, 0, timeLength);
        to.Write7BitEncodedInt(lastLineStart);
        to.Write7BitEncodedInt(blankStart);
        Save(to, lines.AsSpan(0, lineCount).ToArray());
        Save(to, Header);
    }

    public static EventStream Load(BinaryReader from, long now)
    {
        var stream = new EventStream { LastSeen = now, headsTimed = from.Read7BitEncodedInt(), headsNamed = from.Read7BitEncodedInt(), loose = from.Read7BitEncodedInt() };
        stream.partialLength = from.Read7BitEncodedInt();
        stream.partial = from.ReadBytes(stream.partialLength);
        stream.PartialNumbers.AddRange(Numbers(from));
        stream.IsOpen = from.ReadBoolean();
        if (!stream.IsOpen) return stream;
        var flags = from.ReadByte();
        (stream.HasTrace, stream.AwaitsException, stream.AnnouncesTrace) = ((flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);
        (stream.IsMultiLine, stream.IsWhole) = ((flags & 8) != 0, (flags & 16) != 0);
        stream.Level = (LogLevel)from.ReadByte();
        stream.length = from.Read7BitEncodedInt();
        stream.text = from.ReadBytes(stream.length);
        stream.timeLength = from.Read7BitEncodedInt();
        from.ReadBytes(stream.timeLength).CopyTo(stream.time, 0);
        stream.lastLineStart = from.Read7BitEncodedInt();
        stream.blankStart = from.Read7BitEncodedInt();
        stream.lines = Numbers(from);
        stream.lineCount = stream.lines.Length;
        if (stream.lines.Length == 0) stream.lines = new long[4];
        if (stream.text.Length == 0) stream.text = new byte[256];
        stream.Header = LoadHeader(from);
        return stream;
    }

    static void Save(BinaryWriter to, IReadOnlyList<long> numbers)
    {
        to.Write7BitEncodedInt(numbers.Count);
        var before = 0L;
        foreach (var number in numbers)
        {
            to.Write7BitEncodedInt64(number - before);
            before = number;
        }
    }

    static long[] Numbers(BinaryReader from)
    {
        var numbers = new long[from.Read7BitEncodedInt()];
        var before = 0L;
        for (var i = 0; i < numbers.Length; i++) numbers[i] = before += from.Read7BitEncodedInt64();
        return numbers;
    }

    static void Save(BinaryWriter to, in Header header)
    {
        foreach (var part in (ReadOnlySpan<int>)[header.TextStart, header.MessageStart, (int)header.Level, header.LoggerStart, header.LoggerLength, header.ThreadStart, header.ThreadLength, header.HostStart, header.TagStart, header.TagLength])
            to.Write7BitEncodedInt(part);
        to.Write(header.IsHead);
        var time = header.Time;
        foreach (var part in (ReadOnlySpan<int>)[time.Length, time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.Ticks]) to.Write7BitEncodedInt(part);
        to.Write(time.OffsetMinutes ?? int.MinValue);
        to.Write(time.IsSyslog);
        to.Write(time.Epoch ?? long.MinValue);
    }

    static Header LoadHeader(BinaryReader from)
    {
        var parts = Ints(from, 10);
        var isHead = from.ReadBoolean();
        var time = Ints(from, 8);
        var offset = from.ReadInt32();
        var isSyslog = from.ReadBoolean();
        var epoch = from.ReadInt64();
        return new Header(parts[0], parts[1], (LogLevel)parts[2],
            new Timestamp(time[0], time[1], time[2], time[3], time[4], time[5], time[6], time[7], offset == int.MinValue ? null : offset) { IsSyslog = isSyslog, Epoch = epoch == long.MinValue ? null : epoch },
            parts[3], parts[4], parts[5], parts[6], parts[7], parts[8], parts[9]) { IsHead = isHead };
    }

    static int[] Ints(BinaryReader from, int count)
    {
        var ints = new int[count];
        for (var i = 0; i < count; i++) ints[i] = from.Read7BitEncodedInt();
        return ints;
    }
}
