using Crawlers.Logs.Events;

namespace Crawlers.Logs.Sources.Files;

/// <summary>Reads the next lines of one file into a buffer.</summary>
sealed class ReadFile(KnownFiles known, TimeProvider time, Func<string, LogLabels> labelsOf)
{
    const int MaxLineBytes = LineReader.DefaultMaxLineBytes;

    /// <summary>The least room it needs: a line, what stands before it, and a line end.</summary>
    public const int LeastRoom = MaxLineBytes + ContentMark.MostBytes + 2;

    /// <param name="room">Given lines lie in it.</param>
    /// <param name="takesRest">What lacks a line end is a line.</param>
    /// <returns>How much of the room was used.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public int Run(TailedFile file, Memory<byte> room, bool takesRest, List<LogChunk> chunks, CancellationToken ct)
    {
        if (file.IsGzip) return Packed(file, room, chunks, ct);
        if (known.Open(file) is not { } handle)
        {
            file.IsSuspect = true;
            return 0;
        }
        file.See(FileStat.Of(handle, file.Path), time.GetTimestamp());
        var tailBytes = file.Tail.Length;
        var length = Math.Min(room.Length - 1, tailBytes + Math.Max(0, file.Size - file.Offset));
        var read = RandomAccess.Read(handle, room.Span[..(int)length], file.Offset - tailBytes);
        if (!file.Tail.Matches(room.Span[..Math.Min(read, tailBytes)]))
        {
            file.IsSuspect = true; // it was truncated, and is another content now
            return 0;
        }
        var offset = file.Offset;
        var isAtEnd = offset + read - tailBytes >= file.Size;
        var taken = Take(file, room, tailBytes, read, isLast: isAtEnd && takesRest, chunks, out var ends);
        if (taken > tailBytes)
        {
            var head = file.Head;
            if (offset == 0) head = ContentMark.Of(room.Span[..Math.Min(taken, ContentMark.MostBytes)]);
            else if (head.Length < ContentMark.MostBytes)
            {
                Span<byte> first = stackalloc byte[(int)Math.Min(ContentMark.MostBytes, offset + taken - tailBytes)];
                first = first[..RandomAccess.Read(handle, first, 0)];
                if (head.Matches(first)) head = ContentMark.Of(first);
            }
            known.Move(file, offset + taken - tailBytes, head, ContentMark.OfEnd(room.Span[..taken]));
        }
        Finish(file, room, chunks, ends);
        if (isAtEnd) file.HeldBytes = read - taken;
        return read + 1;
    }

    int Packed(TailedFile file, Memory<byte> room, List<LogChunk> chunks, CancellationToken ct)
    {
        if (file.Unpacked is null && !Unpack(file, ct)) return 0;
        var unpacked = file.Unpacked!;
        var offset = file.Offset;
        var read = unpacked.Read(room.Span[..^1], ct);
        var isEnd = unpacked is { IsAtEnd: true, Fault: null };
        var isBroken = unpacked is { IsAtEnd: false, Fault: not null, IsCareful: true };
        var taken = Take(file, room, 0, read, isLast: isEnd || isBroken, chunks, out var ends);
        if (taken > 0)
        {
            var tail = taken >= ContentMark.MostBytes || offset == 0 ? ContentMark.OfEnd(room.Span[..taken]) : ContentMark.Of(room.Span[..taken]);
            known.Move(file, offset + taken, offset == 0 ? ContentMark.Of(room.Span[..Math.Min(taken, ContentMark.MostBytes)]) : file.Head, tail);
        }
        if (taken < read) unpacked.GiveBack(room.Span[taken..read]);
        Finish(file, room, chunks, ends);
        if (isEnd)
        {
            file.PackedBytes = file.Size;
            known.Change(file);
        }
        if (unpacked.Fault is { } words) file.Fault = (file.Size, file.LastWrite, $"{file.Path} {words}, after {file.Offset} bytes of its content; it is tried again when it changes: pack it again, or exclude it", unpacked.IsAtEnd || isBroken);
        if (isEnd || unpacked.Fault is not null) known.Close(file);
        return read + 1;
    }

    bool Unpack(TailedFile file, CancellationToken ct)
    {
        if (known.Open(file) is null || FileStat.Open(file.Path) is not { } handle)
        {
            file.IsSuspect = true;
            return false;
        }
        var unpacked = new GzipContent(handle);
        if (unpacked.SkipTo(file.Offset, file.Tail.Length, ct) != file.Tail)
        {
            if (unpacked.Fault is { } words) file.Fault = (file.Size, file.LastWrite, $"{file.Path} {words}, before byte {file.Offset} of its content, up to which it was read; it is tried again when it changes", true);
            else file.IsSuspect = true;
            unpacked.Dispose();
            return false;
        }
        unpacked.IsCareful = file.Fault is { IsFinal: false };
        file.Unpacked = unpacked;
        return true;
    }

    // Line ends that lines lack in the file are put into the room only when its marks have been made: see Finish.
    static int Take(TailedFile file, Memory<byte> room, int from, int to, bool isLast, List<LogChunk> chunks, out List<int>? ends)
    {
        ends = null;
        var at = from;
        while (at < to)
        {
            var (isSkipping, isOpenEnded) = (file.IsSkipping, file.IsOpenEnded);
            var cut = CutLines.Run(room.Span[at..to], MaxLineBytes, ref isSkipping, ref isOpenEnded, isLast);
            if (cut.Consumed == 0) break;
            (file.IsSkipping, file.IsOpenEnded) = (isSkipping, isOpenEnded);
            if (cut.LacksEnd) (ends ??= []).Add(at + cut.End);
            var lines = room.Slice(at + cut.Start, cut.End - cut.Start + (cut.LacksEnd ? 1 : 0));
            if (lines.Length > 0 || cut.DroppedBytes > 0) chunks.Add(new LogChunk("", lines, Unnamed, file.LastWrite, DroppedBytes: cut.DroppedBytes));
            at += cut.Consumed;
        }
        return at;
    }

    static readonly LogLabels Unnamed = new();

    void Finish(TailedFile file, Memory<byte> room, List<LogChunk> chunks, List<int>? ends)
    {
        foreach (var at in ends ?? []) room.Span[at] = (byte)'\n';
        for (var i = chunks.Count - 1; i >= 0 && chunks[i].Part.Length == 0; i--) chunks[i] = chunks[i] with { Part = file.Key!, Labels = labelsOf(file.Path) };
    }
}
