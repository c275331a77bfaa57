using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Crawlers.Logs.Otlp;

/// <summary>The bodies of answers to an exporter, in the encoding of its request (OTLP specification, OTLP/HTTP response).</summary>
public static class EncodeAnswer
{
    /// <summary>ExportLogsServiceResponse of a request that was taken, wholly or in part.</summary>
    public static byte[] Taken(ExportEncoding encoding, int refused, string? why)
    {
        if (encoding == ExportEncoding.Json)
            return refused == 0 && why is null ? "{}"u8.ToArray() : Json(json =>
            {
                json.WriteStartObject("partialSuccess");
                json.WriteString("rejectedLogRecords", $"{refused}"); // 64-bit numbers are text
                json.WriteString("errorMessage", why ?? "");
                json.WriteEndObject();
            });
        if (refused == 0 && why is null) return [];
        var partial = new ArrayBufferWriter<byte>();
        if (refused > 0) Varint(partial, 1, (ulong)refused);
        if (why is { Length: > 0 }) Bytes(partial, 2, Encoding.UTF8.GetBytes(why));
        var answer = new ArrayBufferWriter<byte>();
        Bytes(answer, 1, partial.WrittenSpan);
        return answer.WrittenSpan.ToArray();
    }

    /// <summary>google.rpc.Status of a request that was refused.</summary>
    /// <param name="code">Of google.rpc.Code: 3 invalid argument, 8 resource exhausted, 14 unavailable.</param>
    public static byte[] Refused(ExportEncoding encoding, int code, string message)
    {
        if (encoding == ExportEncoding.Json)
            return Json(json =>
            {
                json.WriteNumber("code", code);
                json.WriteString("message", message);
            });
        var status = new ArrayBufferWriter<byte>();
        if (code != 0) Varint(status, 1, (ulong)code);
        Bytes(status, 2, Encoding.UTF8.GetBytes(message));
        return status.WrittenSpan.ToArray();
    }

    static byte[] Json(Action<Utf8JsonWriter> members)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        return body.WrittenSpan.ToArray();
    }

    static void Bytes(ArrayBufferWriter<byte> to, int field, ReadOnlySpan<byte> value)
    {
        Number(to, (ulong)field << 3 | 2);
        Number(to, (ulong)value.Length);
        to.Write(value);
    }

    static void Varint(ArrayBufferWriter<byte> to, int field, ulong value)
    {
        Number(to, (ulong)field << 3);
        Number(to, value);
    }

    static void Number(ArrayBufferWriter<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7) to.Write([(byte)(value | 0x80)]);
        to.Write([(byte)value]);
    }
}
