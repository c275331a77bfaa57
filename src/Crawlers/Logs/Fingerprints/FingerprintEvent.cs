using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <summary>
/// Gives an event its fingerprint. Templates that were seen are found again by their bytes, so that the usual line costs no memory; what is
/// kept can be forgotten at any time without any key changing. For one thread.
/// </summary>
public sealed class FingerprintEvent
{
    const int MaxKept = 120_000;

    readonly byte[] template = new byte[MaskMessage.MaxInputBytes + 16];
    readonly Dictionary<ulong, Fingerprint> messages = [];
    readonly Dictionary<string, Fingerprint> traces = [];

    public Fingerprint Run(in AssembledEvent assembled)
    {
        if (assembled.IsMultiLine && ParseTrace.Run(Encoding.UTF8.GetString(Body(assembled))) is { } trace) return Known(FingerprintTrace.Of(trace));
        return OfMessage(Message(assembled.Text, assembled.Header.MessageStart));
    }

    /// <summary>Of a text alone: a trace, a line, or several lines.</summary>
    public Fingerprint Run(string text)
    {
        if (text.Contains('\n', StringComparison.Ordinal) && ParseTrace.Run(text) is { } trace) return Known(FingerprintTrace.Of(trace));
        var bytes = Encoding.UTF8.GetBytes(text);
        var firstLine = bytes.AsSpan().IndexOf((byte)'\n');
        return OfMessage(Message(bytes, ReadHeader.Of(firstLine < 0 ? bytes : bytes.AsSpan(0, firstLine)).MessageStart));
    }

    static ReadOnlySpan<byte> Body(in AssembledEvent assembled) => assembled.Text[Math.Min(assembled.Header.MessageStart, assembled.Text.Length)..];

    /// <summary>The first line behind the header that says something.</summary>
    public static ReadOnlySpan<byte> Message(ReadOnlySpan<byte> text, int start)
    {
        text = text[Math.Min(start, text.Length)..];
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            if (end < 0) return text;
            var line = text[..end].Trim(" \t"u8);
            if (!line.IsEmpty) return line;
            text = text[(end + 1)..];
        }
        return text;
    }

    Fingerprint OfMessage(ReadOnlySpan<byte> message)
    {
        var made = template.AsSpan(0, MaskMessage.Run(message, template));
        var hash = Hash(made);
        if (messages.TryGetValue(hash, out var known)) return known;
        if (messages.Count >= MaxKept) messages.Clear();
        return messages[hash] = new Fingerprint(FingerprintKey.Of('m', made), MaskMessage.Shown(made), null, null, []);
    }

    // One for each way to a key: hubs are learned from all of them.
    Fingerprint Known(Fingerprint trace)
    {
        var way = $"{trace.Key} {string.Join(' ', trace.Chain)}";
        if (traces.TryGetValue(way, out var known)) return known;
        if (traces.Count >= MaxKept) traces.Clear();
        return traces[way] = trace;
    }

    // 64 bits, seeded by chance at the start: nobody can write lines that collide.
    static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = Seed;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ BitConverter.ToUInt64(bytes));
            bytes = bytes[8..];
        }
        var rest = (ulong)bytes.Length << 56;
        for (var i = 0; i < bytes.Length; i++) rest |= (ulong)bytes[i] << (8 * i);
        return Mix(hash ^ rest);
    }

    static readonly ulong Seed = BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));

    static ulong Mix(ulong x)
    {
        var high = Math.BigMul(x ^ 0x9E3779B97F4A7C15UL, 0xD6E8FEB86659FD93UL, out var low);
        return high ^ low ^ (x << 1);
    }
}
