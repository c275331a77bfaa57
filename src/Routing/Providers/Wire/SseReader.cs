using System.Buffers;
using System.Runtime.CompilerServices;

namespace Routing.Providers.Wire;

/// <summary>What a step of reading an event stream came to.</summary>
public enum SseRead
{
    /// <summary>Bytes came, and nothing is complete yet: a sign of life.</summary>
    Bytes,

    /// <summary>A line that says nothing: a sign of life.</summary>
    Comment,

    /// <summary><see cref="SseReader.Data"/> has an event.</summary>
    Frame,

    /// <summary>There is no more.</summary>
    End,
}

/// <summary>
/// Reads a <c>text/event-stream</c> as it arrives, whatever way it is cut into reads: lines end with LF, CR or both, an event with an empty line or
/// with the stream. Nothing is decoded, so a cut within a character does no harm.
/// </summary>
/// <param name="maxFrameBytes">Of one event with all its lines; a longer one ends the reading.</param>
public sealed class SseReader(Stream stream, int maxFrameBytes, int bufferBytes = 8192) : IDisposable
{
    static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    byte[] buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
    int start, scanned, end; // of what is not consumed, of what has no line end, of what is there
    int dataAt, dataLength; // of the one data line, within the buffer
    int dataLines;
    ArrayBufferWriter<byte>? joined; // two data lines and more
    bool hasErrorName, skipsLineFeed, isBegun, isOver;

    /// <summary>The event's data; until the next read.</summary>
    public ReadOnlyMemory<byte> Data { get; private set; }

    /// <summary>The event was named <c>error</c>.</summary>
    public bool IsError { get; private set; }

    /// <summary>The stream ended before the empty line that ends an event: perhaps the event was cut.</summary>
    public bool IsUnterminated { get; private set; }

    /// <exception cref="InvalidDataException">An event is longer than the limit.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SseRead> ReadAsync(CancellationToken ct)
    {
        if (TakeLines() is { } there) return there;
        if (isOver) return SseRead.End;
        MakeRoom();
        var count = await stream.ReadAsync(buffer.AsMemory(end), ct);
        if (count > 0)
        {
            end += count;
            return TakeLines() ?? SseRead.Bytes;
        }
        isOver = true;
        if (end > start && TakeLine(buffer.AsSpan(start, end - start), start) is { } last and not SseRead.Comment)
        {
            start = scanned = end;
            return last;
        }
        start = scanned = end;
        IsUnterminated = dataLines > 0;
        return dataLines > 0 ? Dispatch() : SseRead.End;
    }

    /// <summary>Takes complete lines until they make something.</summary>
    SseRead? TakeLines()
    {
        while (true)
        {
            if (skipsLineFeed && start < end)
            {
                skipsLineFeed = false;
                if (buffer[start] == '\n') scanned = ++start;
            }
            var found = buffer.AsSpan(scanned, end - scanned).IndexOfAny(LineEnds);
            if (found < 0)
            {
                scanned = end;
                CheckLength();
                return null;
            }
            var lineEnd = scanned + found;
            var (lineStart, length) = (start, lineEnd - start);
            skipsLineFeed = buffer[lineEnd] == '\r';
            start = scanned = lineEnd + 1;
            if (TakeLine(buffer.AsSpan(lineStart, length), lineStart) is { } made) return made;
        }
    }

    SseRead? TakeLine(ReadOnlySpan<byte> line, int at)
    {
        if (!isBegun)
        {
            isBegun = true;
            if (line.StartsWith("\uFEFF"u8))
            {
                line = line[3..];
                at += 3;
            }
        }
        if (line.IsEmpty) return dataLines > 0 ? Dispatch() : Forget();
        if (line[0] == ':') return SseRead.Comment;
        var colon = line.IndexOf((byte)':');
        var name = colon < 0 ? line : line[..colon];
        var skip = colon < 0 ? line.Length : colon + 1 < line.Length && line[colon + 1] == ' ' ? colon + 2 : colon + 1;
        if (name.SequenceEqual("data"u8)) AddData(at + skip, line.Length - skip);
        else if (name.SequenceEqual("event"u8)) hasErrorName = line[skip..].SequenceEqual("error"u8);
        return null;
    }

    SseRead? Forget()
    {
        hasErrorName = false;
        return null;
    }

    void AddData(int at, int length)
    {
        if (dataLines++ == 0)
        {
            (dataAt, dataLength) = (at, length);
            return;
        }
        joined ??= new ArrayBufferWriter<byte>();
        if (dataLines == 2)
        {
            joined.ResetWrittenCount();
            joined.Write(buffer.AsSpan(dataAt, dataLength));
        }
        joined.Write("\n"u8);
        joined.Write(buffer.AsSpan(at, length));
        CheckLength();
    }

    SseRead Dispatch()
    {
        Data = dataLines == 1 ? buffer.AsMemory(dataAt, dataLength) : joined!.WrittenMemory;
        IsError = hasErrorName;
        (dataLines, hasErrorName) = (0, false);
        return SseRead.Frame;
    }

    void CheckLength()
    {
        var length = end - (dataLines == 1 ? dataAt : start) + (dataLines > 1 ? joined!.WrittenCount : 0);
        if (length > maxFrameBytes) throw new InvalidDataException($"An event of the stream has at most {maxFrameBytes} bytes, has {length} or more.");
    }

    /// <summary>What is not consumed, and the data line that waits for its end, move to the front; the buffer grows when they fill it.</summary>
    void MakeRoom()
    {
        var keep = dataLines == 1 ? dataAt : start;
        if (keep > 0)
        {
            buffer.AsSpan(keep, end - keep).CopyTo(buffer);
            (start, scanned, end, dataAt) = (start - keep, scanned - keep, end - keep, dataAt - keep);
        }
        if (buffer.Length - end >= bufferBytes / 4) return;
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }

    public void Dispose()
    {
        if (buffer.Length == 0) return;
        ArrayPool<byte>.Shared.Return(buffer);
        (buffer, isOver, start, scanned, end) = ([], true, 0, 0, 0);
    }
}
