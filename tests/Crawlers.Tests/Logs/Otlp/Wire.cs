using System.Buffers.Binary;
using System.Text;

namespace Crawlers.Tests.Logs.Otlp;

/// <summary>Protobuf by hand: fields that are put one behind the other.</summary>
static class Wire
{
    public static byte[] Bytes(int field, params byte[][] parts)
    {
        var value = parts.SelectMany(p => p).ToArray();
        return [.. Number(((ulong)field << 3) | 2), .. Number((ulong)value.Length), .. value];
    }

    public static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public static byte[] Varint(int field, ulong value) => [.. Number((ulong)field << 3), .. Number(value)];

    public static byte[] Fixed64(int field, ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return [.. Number(((ulong)field << 3) | 1), .. bytes];
    }

    public static byte[] Attribute(int field, string key, byte[] value) => Bytes(field, Text(1, key), Bytes(2, value));

    public static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    /// <summary>A request with one record of one scope.</summary>
    public static byte[] Request(params byte[][] record) => Bytes(1, Bytes(1, Attribute(1, "service.name", Text(1, "shop"))), Bytes(2, Bytes(1, Text(1, "orders")), Bytes(2, record)));
}
