using System.Buffers.Binary;

namespace Crawlers.Logs.Otlp;

/// <summary>The fields of one protobuf message, in the order in which they stand. Copies nothing.</summary>
/// <param name="offset">Where the message begins in the body, for what is said about it.</param>
ref struct WireReader(ReadOnlySpan<byte> data, int offset)
{
    const int Varint = 0, Fixed64Bits = 1, LengthDelimited = 2, Fixed32Bits = 5;

    readonly ReadOnlySpan<byte> data = data;
    readonly int offset = offset;
    int at, type;

    /// <summary>Of the field whose value comes next.</summary>
    public int Field { get; private set; }

    /// <summary>A text, bytes or a message.</summary>
    public readonly bool IsBytes => type == LengthDelimited;

    public readonly bool IsNumber => type == Varint;

    public readonly bool IsFixed64 => type == Fixed64Bits;

    /// <returns>False at the end. After true, the value must be read or skipped.</returns>
    public bool Next()
    {
        if (at == data.Length) return false;
        var start = at;
        var tag = ReadVarint();
        (Field, type) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
        if (Field == 0 || tag >> 3 > 536_870_911) throw Malformed("a field has no number that protobuf knows", start);
        if (type is not (Varint or Fixed64Bits or LengthDelimited or Fixed32Bits)) throw Malformed($"wire type {type} is not in use", start);
        return true;
    }

    public ulong ReadVarint()
    {
        var value = 0UL;
        var start = at;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (at >= data.Length) throw Malformed("a number is cut off", start);
            var b = data[at++];
            value |= shift < 64 ? (ulong)(b & 0x7f) << shift : 0;
            if (b < 0x80) return value;
        }
        throw Malformed("a number has more than ten bytes", start);
    }

    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> ReadBytes()
    {
        var start = at;
        var length = ReadVarint();
        if (length > (ulong)(data.Length - at)) throw Malformed($"{length} bytes are announced and {data.Length - at} are left", start);
        return Take((int)length);
    }

    public WireReader ReadMessage()
    {
        var bytes = ReadBytes();
        return new WireReader(bytes, offset + at - bytes.Length);
    }

    /// <summary>Passes over a field that is not known, or not of the type that it should have.</summary>
    public void Skip()
    {
        switch (type)
        {
            case Varint:
                ReadVarint();
                break;
            case Fixed64Bits:
                Take(8);
                break;
            case Fixed32Bits:
                Take(4);
                break;
            default:
                ReadBytes();
                break;
        }
    }

    ReadOnlySpan<byte> Take(int count)
    {
        if (data.Length - at < count) throw Malformed("a value is cut off", at);
        at += count;
        return data.Slice(at - count, count);
    }

    readonly MalformedExport Malformed(string problem, int where) => new(problem, offset + where);
}
