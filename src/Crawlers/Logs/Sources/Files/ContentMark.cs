using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Crawlers.Logs.Sources.Files;

/// <summary>A hash of some bytes of a file, by which its content is known again wherever it turns up.</summary>
/// <param name="Length">How many bytes, at most <see cref="MostBytes"/>.</param>
readonly record struct ContentMark(int Length, ulong Hash)
{
    public const int MostBytes = 1024;

    public static ContentMark Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return default;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return new ContentMark(bytes.Length, BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    /// <summary>Of the last bytes, as many as a mark may have.</summary>
    public static ContentMark OfEnd(ReadOnlySpan<byte> bytes) => Of(bytes[Math.Max(0, bytes.Length - MostBytes)..]);

    /// <param name="bytes">Begin where the marked ones do.</param>
    public bool Matches(ReadOnlySpan<byte> bytes) => bytes.Length >= Length && Of(bytes[..Length]) == this;
}
