using Microsoft.Win32.SafeHandles;

namespace Crawlers.Logs.Sources.Files;

/// <summary>What of a content that was read a file holds.</summary>
enum Held
{
    /// <summary>All, and perhaps more.</summary>
    All,

    /// <summary>The beginning; then it ends.</summary>
    Part,

    Other,
}

/// <summary>The bytes of a file, by which it is compared with contents that are known.</summary>
sealed class FileContent : IDisposable
{
    readonly FoundFile found;

    FileContent(FoundFile found, SafeFileHandle handle, CancellationToken ct)
    {
        this.found = found;
        Handle = handle;
        Head = Read(handle, 0, ContentMark.MostBytes);
        IsGzip = GzipContent.IsGzip(found.Path, Head);
        if (!IsGzip) return;
        using var unpacked = Unpack();
        var head = new byte[ContentMark.MostBytes];
        Head = head[..unpacked.Read(head, ct)];
        Fault = unpacked.Fault;
    }

    public SafeFileHandle Handle { get; }

    /// <summary>Its first bytes, unpacked.</summary>
    public byte[] Head { get; }

    public bool IsGzip { get; }

    /// <summary>Why not all of it could be unpacked.</summary>
    public string? Fault { get; private set; }

    /// <returns>Null when the file is not there any more.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static FileContent? Open(FoundFile found, CancellationToken ct)
    {
        var handle = FileStat.Open(found.Path);
        if (handle is null) return null;
        try
        {
            if (FileStat.Of(handle, found.Path).Identity == found.Stat.Identity) return new FileContent(found, handle, ct);
            handle.Dispose();
            return null;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file that holds a content still does.</summary>
    public static bool IsSame(SafeFileHandle handle, long size, TailedFile file) =>
        size >= file.Offset && file.Head.Matches(Read(handle, 0, file.Head.Length)) && file.Tail.Matches(Read(handle, file.Offset - file.Tail.Length, file.Tail.Length));

    /// <summary>Whether the other file begins with all that this one is seen to hold.</summary>
    public bool IsBeginningOf(TailedFile other)
    {
        using var opened = other.Handle is null ? FileStat.Open(other.Path) : null;
        if ((other.Handle ?? opened) is not { } handle || FileStat.Of(handle, other.Path) is var stat && stat.Identity != other.Identity) return false;
        return IsGzip ? Read(handle, 0, Head.Length).AsSpan().SequenceEqual(Head) : IsBeginningOf(handle, stat.Size);
    }

    /// <summary>Whether this one begins with all that the other file holds, and holds more.</summary>
    public bool GoesBeyond(TailedFile other)
    {
        using var opened = other.Handle is null ? FileStat.Open(other.Path) : null;
        if ((other.Handle ?? opened) is not { } handle || IsGzip || FileStat.Of(handle, other.Path) is var stat && (stat.Identity != other.Identity || stat.Size >= found.Stat.Size)) return false;
        var length = (int)Math.Min(stat.Size, ContentMark.MostBytes);
        return Read(Handle, 0, length).AsSpan().SequenceEqual(Read(handle, 0, length))
            && Read(Handle, stat.Size - length, length).AsSpan().SequenceEqual(Read(handle, stat.Size - length, length));
    }

    public Held Holds(TailedFile file, CancellationToken ct)
    {
        if (!IsGzip) return found.Stat.Size < file.Offset ? Held.Part : IsSame(Handle, found.Stat.Size, file) ? Held.All : Held.Other;
        using var unpacked = Unpack();
        var tail = unpacked.SkipTo(file.Offset, file.Tail.Length, ct);
        Fault ??= unpacked.Fault;
        return tail is null ? Held.Part : tail == file.Tail ? Held.All : Held.Other;
    }

    public bool IsBeginningOf(SafeFileHandle other, long otherSize)
    {
        var size = found.Stat.Size;
        var length = (int)Math.Min(size, ContentMark.MostBytes);
        return size <= otherSize && Read(Handle, 0, length).AsSpan().SequenceEqual(Read(other, 0, length))
            && Read(Handle, size - length, length).AsSpan().SequenceEqual(Read(other, size - length, length));
    }

    /// <summary>Of its end.</summary>
    public ContentMark Tail()
    {
        var length = (int)Math.Min(found.Stat.Size, ContentMark.MostBytes);
        return ContentMark.Of(Read(Handle, found.Stat.Size - length, length));
    }

    /// <summary>Counts what is there as read, but not a last line without end.</summary>
    public void MoveToEnd(TailedFile file, KnownFiles known)
    {
        if (Head.Length == 0) return;
        if (IsGzip)
        {
            var head = ContentMark.Of(Head);
            known.Move(file, Head.Length, head, head);
            file.PackedBytes = found.Stat.Size;
            return;
        }
        var length = (int)Math.Min(found.Stat.Size, ReadFile.LeastRoom);
        var end = Read(Handle, found.Stat.Size - length, length);
        var last = end.AsSpan().LastIndexOf((byte)'\n') + 1;
        file.IsSkipping = last == 0 && found.Stat.Size > length;
        if (file.IsSkipping) last = end.Length;
        if (last > 0) known.Move(file, found.Stat.Size - end.Length + last, ContentMark.Of(Head.AsSpan(0, (int)Math.Min(Head.Length, found.Stat.Size - end.Length + last))), ContentMark.OfEnd(end.AsSpan(0, last)));
    }

    public void Dispose()
    {
        if (!isKept) Handle.Dispose();
    }

    bool isKept;

    /// <summary>The handle lives on.</summary>
    public SafeFileHandle TakeHandle()
    {
        isKept = true;
        return Handle;
    }

    GzipContent Unpack() => new(FileStat.Open(found.Path) ?? throw new IOException($"{found.Path} is gone"));

    public static byte[] Read(SafeFileHandle handle, long at, int length)
    {
        var bytes = new byte[length];
        return bytes[..RandomAccess.Read(handle, bytes, at)];
    }
}
