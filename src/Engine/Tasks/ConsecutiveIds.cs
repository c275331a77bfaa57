using System.Buffers.Binary;

namespace Engine.Tasks;

/// <summary>Ids of tasks that are filed together: one made by chance, and those that follow it.</summary>
public static class ConsecutiveIds
{
    const ulong Variant = 0xC000_0000_0000_0000;

    /// <param name="first">Of version 7. Its last 62 bits are counted up from; what overflows them begins anew at zero.</param>
    /// <returns>That many, in their order unless they have overflowed.</returns>
    public static Guid[] From(Guid first, int count)
    {
        Span<byte> bytes = stackalloc byte[16];
        first.TryWriteBytes(bytes, bigEndian: true, out _);
        var counter = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        var ids = new Guid[count];
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], (counter & Variant) | ((counter + (ulong)i) & ~Variant));
            ids[i] = new Guid(bytes, bigEndian: true);
        }
        return ids;
    }
}
