using System.Threading.Channels;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Sources;

/// <summary>Reads lines that come once, such as standard input: there is no position to go back to.</summary>
public sealed class StreamLogReader : ILogReader
{
    const int BlockBytes = 1024 * 1024, BlocksAhead = 4;

    readonly Channel<byte[]> blocks = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(BlocksAhead) { SingleReader = true, SingleWriter = true });
    readonly CancellationTokenSource stop = new();
    readonly Task pump;
    readonly string part;
    readonly LogLabels labels;
    readonly TimeProvider time;
    readonly int blockBytes;
    byte[] begun = []; // of a line whose end has not come
    bool isCut;

    public StreamLogReader(Stream stream, string part, LogLabels labels, TimeProvider time, int blockBytes = BlockBytes)
    {
        (this.part, this.labels, this.time, this.blockBytes) = (part, labels, time, blockBytes);
        pump = Task.Run(() => PumpAsync(stream));
    }

    /// <summary>All of it was given.</summary>
    public bool IsEnded { get; private set; }

    public string? Problem { get; private set; }

    public long BehindBytes => 0;

    public ValueTask<LogRead> ReadAsync(CancellationToken ct)
    {
        if (IsEnded) return ValueTask.FromResult(LogRead.Nothing);
        if (blocks.Reader.TryRead(out var block)) return ValueTask.FromResult(Read(block));
        if (!blocks.Reader.Completion.IsCompleted) return ValueTask.FromResult(LogRead.Nothing);
        IsEnded = true;
        if (blocks.Reader.Completion.Exception?.GetBaseException() is { } fault) Problem = $"Reading {part} broke off: {fault.Message}";
        return ValueTask.FromResult(Give(Ended(begun), 0, isEnded: true));
    }

    LogRead Read(byte[] block)
    {
        var dropped = 0L;
        if (isCut) // the rest of a line that is too long
        {
            var end = Array.IndexOf(block, (byte)'\n');
            if (end < 0) return Give(ReadOnlyMemory<byte>.Empty, block.Length, isEnded: false);
            (dropped, isCut, block) = (end, false, block[end..]);
        }
        byte[] all = begun.Length == 0 ? block : [.. begun, .. block];
        var last = Array.LastIndexOf(all, (byte)'\n') + 1;
        begun = all[last..];
        if (begun.Length > LineReader.DefaultMaxLineBytes)
        {
            dropped += begun.Length - LineReader.DefaultMaxLineBytes;
            (begun, isCut) = (begun[..LineReader.DefaultMaxLineBytes], true);
        }
        return Give(all.AsMemory(0, last), dropped, isEnded: false);
    }

    LogRead Give(ReadOnlyMemory<byte> lines, long dropped, bool isEnded) =>
        new([new LogChunk(part, lines, labels, time.GetUtcNow(), isEnded, dropped)], LogRead.Nothing.Positions);

    static byte[] Ended(byte[] line) => line.Length == 0 ? [] : [.. line, (byte)'\n'];

    async Task PumpAsync(Stream stream)
    {
        try
        {
            while (true)
            {
                var block = new byte[blockBytes];
                var read = await stream.ReadAsync(block, stop.Token);
                if (read == 0) break;
                await blocks.Writer.WriteAsync(read == block.Length ? block : block[..read], stop.Token);
            }
            blocks.Writer.Complete();
        }
        catch (Exception e) // told by whoever reads
        {
            blocks.Writer.Complete(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAny(pump, Task.Delay(TimeSpan.FromSeconds(1), time)); // a terminal's input cannot be broken off
        stop.Dispose();
    }
}
