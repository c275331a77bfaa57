using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Crawlers.Logs.Sources.Files;

/// <summary>What a compressed file holds, from its beginning on; members that follow each other are one content.</summary>
/// <param name="handle">Closed with this.</param>
sealed class GzipContent(SafeFileHandle handle) : IDisposable
{
    const int AtOnce = 4096; // what is unpacked in one go is lost when there is a fault in it
    readonly GZipStream unpacked = new(new FileStream(handle, FileAccess.Read, bufferSize: 0), CompressionMode.Decompress);
    byte[] kept = [];

    /// <summary>Unpacks byte by byte, so that nothing is lost that stands before a fault.</summary>
    public bool IsCareful { get; set; }

    /// <summary>How much of the content was read and not given back.</summary>
    public long Position { get; private set; }

    /// <summary>Nothing comes after what was read.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>Why it could not be read to its end; null when that is not known of it.</summary>
    public string? Fault { get; private set; }

    public static bool IsGzip(string path, ReadOnlySpan<byte> head) => head is [0x1f, 0x8b, ..] || path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <returns>Less than there is room for only at the end, or before a fault.</returns>
    public int Read(Span<byte> room, CancellationToken ct)
    {
        var length = Math.Min(kept.Length, room.Length);
        kept.AsSpan(0, length).CopyTo(room);
        kept = kept[length..];
        while (length < room.Length && !IsAtEnd && Fault is null)
        {
            ct.ThrowIfCancellationRequested();
            var read = Unpack(room[length..Math.Min(room.Length, length + (IsCareful ? 1 : AtOnce))]);
            if (read == 0 && Fault is null)
            {
                IsAtEnd = true;
                if (!IsComplete(Position + length)) Fault = "ends in the middle";
            }
            length += read;
        }
        Position += length;
        return length;
    }

    /// <summary>The next read begins with these bytes, the last of those that were read.</summary>
    public void GiveBack(ReadOnlySpan<byte> rest)
    {
        kept = rest.ToArray();
        Position -= rest.Length;
    }

    /// <returns>The mark of what stands before the offset; null when the content is shorter.</returns>
    public ContentMark? SkipTo(long offset, int tailBytes, CancellationToken ct)
    {
        var room = new byte[64 * 1024];
        while (Position < offset - tailBytes)
            if (Read(room.AsSpan(0, (int)Math.Min(room.Length, offset - tailBytes - Position)), ct) == 0) return null;
        var tail = room.AsSpan(0, tailBytes);
        return Read(tail, ct) == tailBytes ? ContentMark.Of(tail) : null;
    }

    public void Dispose() => unpacked.Dispose();

    int Unpack(Span<byte> room)
    {
        try
        {
            return unpacked.Read(room);
        }
        catch (InvalidDataException)
        {
            Fault = Position == 0 ? "is no gzip file, or broken" : "is broken";
        }
        catch (IOException e)
        {
            Fault = $"cannot be read: {e.Message}";
        }
        return 0;
    }

    // GZipStream takes a file that was cut for one that has ended. The last four bytes say how long the last member is; of one that was cut they are chance.
    bool IsComplete(long length)
    {
        Span<byte> last = stackalloc byte[4];
        var size = RandomAccess.GetLength(handle);
        return size >= 18 && RandomAccess.Read(handle, last, size - 4) == 4 && BinaryPrimitives.ReadUInt32LittleEndian(last) <= length;
    }
}
