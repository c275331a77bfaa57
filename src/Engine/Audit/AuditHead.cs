using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Engine.Audit;

/// <summary>How far the chain reaches; whoever keeps a head somewhere else can tell later that nothing up to it was changed.</summary>
/// <param name="Position">0 before the first link.</param>
/// <param name="ChainHash">64 lower-case hex digits.</param>
/// <param name="ChainedAt">Null before the first link, and where it is not known.</param>
public sealed record AuditHead(long Position, string ChainHash, DateTimeOffset? ChainedAt)
{
    public static AuditHead Genesis { get; } = Of(0, new byte[SHA256.HashSizeInBytes], null);

    public static AuditHead Of(long position, byte[] chainHash, DateTimeOffset? chainedAt) =>
        new(position, Convert.ToHexStringLower(chainHash), chainedAt);

    /// <summary>SHA-256 of the previous link's hash, the entry's hash and the position as 8 bytes, big-endian.</summary>
    public static byte[] LinkHash(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> entryHash, long position)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, position);
        return SHA256.HashData([.. previous, .. entryHash, .. number]);
    }

    public string? Problem() => this switch
    {
        { Position: < 0 } => $"position must be 0 or more, is {Position}.",
        _ when ChainHash.Length != 64 || !ChainHash.All(char.IsAsciiHexDigitLower) => "chain_hash must be 64 lower-case hex digits.",
        { Position: 0 } when ChainHash != Genesis.ChainHash => "chain_hash at position 0 is 64 zeros.",
        _ => null,
    };
}
