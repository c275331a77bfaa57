using System.Security.Cryptography;
using System.Threading.Channels;

namespace Crawlers.Logs.Sources;

/// <summary>Exports that were received and are not yet stored. Bounded: what is beyond is refused, and its sender tries again. Safe for use by several threads.</summary>
public sealed class OtlpInbox
{
    public const long MostBytes = 64 * 1024 * 1024;

    readonly Channel<OtlpExport> exports = Channel.CreateUnbounded<OtlpExport>(new UnboundedChannelOptions { SingleReader = true });
    long bytes;
    int readers;

    /// <summary>Somebody stores what is added.</summary>
    public bool IsRead => Volatile.Read(ref readers) > 0;

    public long Bytes => Interlocked.Read(ref bytes);

    /// <returns>False when too much waits already.</returns>
    public bool TryAdd(OtlpExport export)
    {
        if (Interlocked.Add(ref bytes, export.Bytes) > MostBytes)
        {
            Interlocked.Add(ref bytes, -export.Bytes);
            return false;
        }
        return exports.Writer.TryWrite(export);
    }

    /// <summary>From now on what is added is stored.</summary>
    public void Begin() => Interlocked.Increment(ref readers);

    public void End() => Interlocked.Decrement(ref readers);

    public bool TryTake(out OtlpExport export)
    {
        if (!exports.Reader.TryRead(out export!)) return false;
        Interlocked.Add(ref bytes, -export.Bytes);
        return true;
    }

    /// <summary>Until something is there, or the time is over.</summary>
    public Task WaitAsync(TimeSpan most, TimeProvider time, CancellationToken ct) => exports.Reader.WaitToReadAsync(ct).AsTask().WaitAsync(most, time, ct);
}

/// <summary>The records of one request.</summary>
/// <param name="Key">Of its bytes: a sender that got no answer sends them again.</param>
public sealed record OtlpExport(string Key, IReadOnlyList<LogChunk> Chunks)
{
    public long Bytes { get; } = Chunks.Sum(c => (long)c.Lines.Length);

    /// <summary>Completed once it is stored, or was stored already.</summary>
    public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static string KeyOf(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));
}
