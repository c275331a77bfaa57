namespace Crawlers.Logs.Events;

/// <summary>Lines of a stream of bytes, without copying where a line lies in one piece. A line ends with LF or CR LF; the last may lack it.</summary>
/// <param name="maxLineBytes">More of a line is passed over and counted, so that a line without end costs no memory.</param>
public sealed class LineReader(Stream stream, int maxLineBytes = LineReader.DefaultMaxLineBytes)
{
    public const int DefaultMaxLineBytes = 64 * 1024;

    byte[] buffer = new byte[256 * 1024];
    int start, end;
    bool isAtEnd;

    /// <summary>Bytes of lines that were too long.</summary>
    public long DroppedBytes { get; private set; }

    /// <param name="line">Valid until the next call.</param>
    /// <returns>False at the end.</returns>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Trimmed(buffer.AsSpan(start, length));
                start += length + 1;
                return true;
            }
            if (isAtEnd)
            {
                line = Trimmed(buffer.AsSpan(start, end - start));
                start = end;
                return line.Length > 0;
            }
            if (end - start >= maxLineBytes)
            {
                line = Trimmed(buffer.AsSpan(start, end - start));
                SkipRest(); // the bytes of the line stay where they are: what follows is read behind them
                return true;
            }
            Fill();
        }
    }

    ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> line)
    {
        if (line.Length > maxLineBytes)
        {
            DroppedBytes += line.Length - maxLineBytes;
            return line[..maxLineBytes];
        }
        return line.Length > 0 && line[^1] == (byte)'\r' ? line[..^1] : line;
    }

    void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        var read = stream.Read(buffer, end, buffer.Length - end);
        if (read == 0) isAtEnd = true;
        end += read;
    }

    void SkipRest()
    {
        var kept = end;
        if (buffer.Length - kept < 4096) Array.Resize(ref buffer, buffer.Length + 65536);
        while (true)
        {
            var read = stream.Read(buffer, kept, buffer.Length - kept);
            if (read == 0)
            {
                isAtEnd = true;
                start = end = kept;
                return;
            }
            var stop = buffer.AsSpan(kept, read).IndexOf((byte)'\n');
            DroppedBytes += stop < 0 ? read : stop;
            if (stop < 0) continue;
            (start, end) = (kept + stop + 1, kept + read);
            return;
        }
    }
}
