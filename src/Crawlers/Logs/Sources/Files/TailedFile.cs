using Microsoft.Win32.SafeHandles;

namespace Crawlers.Logs.Sources.Files;

/// <summary>A content that is read: where it lies now, and how far it was read. It outlives the file that it lay in first.</summary>
sealed class TailedFile
{
    /// <summary>Null until something was read of it.</summary>
    public string? Key { get; set; }

    public required string Path { get; set; }

    /// <summary>Null when no file has the content any more.</summary>
    public FileIdentity? Identity { get; set; }

    /// <summary>The file that had it last, and when that ended, by the monotonic clock; of this process.</summary>
    public FileIdentity? LastIdentity { get; set; }

    public long DetachedAt { get; set; }

    public long Offset { get; set; }

    public ContentMark Head { get; set; }

    /// <summary>How it began when it was first seen; while nothing has been read of it, it is known by that.</summary>
    public ContentMark Beginning { get; set; }

    /// <summary>Of what stands before the offset.</summary>
    public ContentMark Tail { get; set; }

    public bool IsGzip { get; set; }

    public long PackedBytes { get; set; }

    public DateTimeOffset ReadAt { get; set; }

    public string? RotatedFrom { get; set; }

    public bool IsEnded { get; set; }

    public bool IsSkipping { get; set; }

    public bool IsOpenEnded { get; set; }

    public long Size { get; set; }

    public DateTimeOffset LastWrite { get; set; }

    /// <summary>Names that lead to it.</summary>
    public uint Links { get; set; }

    /// <summary>When it was last seen to have grown, by the monotonic clock.</summary>
    public long GrownAt { get; set; }

    /// <summary>The look at the folders that saw it last.</summary>
    public int SeenIn { get; set; }

    /// <summary>Its content was found in the place of its identity by this process.</summary>
    public bool IsVerified { get; set; }

    /// <summary>The next look must see whether it is still the same.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>No path leads to it any more that is read; it is held open.</summary>
    public bool IsAway { get; set; }

    /// <summary>What must be read first: it was written under this path before.</summary>
    public TailedFile? After { get; set; }

    public SafeFileHandle? Handle { get; set; }

    public GzipContent? Unpacked { get; set; }

    /// <summary>Why a compressed file of this size could not be read further.</summary>
    public (long Size, DateTimeOffset LastWrite, string Words, bool IsFinal)? Fault { get; set; }

    public string? Problem { get; set; }

    public bool IsLive => Identity is not null;

    /// <summary>There is more to read than what was seen to lack its end.</summary>
    public bool HasNews => IsLive && Problem is null && !IsSuspect && (IsGzip ? Size != PackedBytes && !(Fault is { IsFinal: true } fault && fault.Size == Size && fault.LastWrite == LastWrite) : Size > Offset + HeldBytes);

    /// <summary>Seen behind the offset, without a line end.</summary>
    public int HeldBytes { get; set; }

    public long BehindBytes => !IsLive ? 0 : IsGzip ? (Size == PackedBytes ? 0 : Size) : Math.Max(0, Size - Offset);

    public void See(in FileStat stat, long now)
    {
        if (stat.Size != Size || GrownAt == 0) GrownAt = now;
        (Size, LastWrite, Links) = (stat.Size, stat.LastWrite, stat.Links);
    }

    public void Close()
    {
        Handle?.Dispose();
        Unpacked?.Dispose();
        (Handle, Unpacked) = (null, null);
    }

    public FilePosition ToPosition() => new(Path, Identity?.Device ?? 0, Identity?.Inode ?? 0, Offset, Head.Length, Head.Hash, Tail.Length, Tail.Hash, IsGzip, PackedBytes,
        ReadAt.ToUnixTimeSeconds(), RotatedFrom, IsEnded, IsSkipping, IsOpenEnded);

    public static TailedFile Of(string key, FilePosition at) => new()
    {
        Key = key, Path = at.Path, Identity = at.Inode == 0 ? null : new FileIdentity(at.Device, at.Inode), Offset = at.Offset, Head = new ContentMark(at.HeadBytes, at.Head),
        Tail = new ContentMark(at.TailBytes, at.Tail), IsGzip = at.IsGzip, PackedBytes = at.PackedBytes, ReadAt = DateTimeOffset.FromUnixTimeSeconds(at.ReadAt),
        RotatedFrom = at.RotatedFrom, IsEnded = at.IsEnded, IsSkipping = at.IsSkipping, IsOpenEnded = at.IsOpenEnded,
    };
}
