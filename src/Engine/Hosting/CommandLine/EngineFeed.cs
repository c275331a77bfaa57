using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Engine.Hosting.CommandLine;

/// <summary>An open stream of server-sent events. One that is silent for longer than the engine's sign of life counts as broken.</summary>
public sealed class EngineFeed(HttpResponseMessage response, Stream stream) : IDisposable
{
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    /// <returns>Each event with where to go on after it. Ends when the engine ends it.</returns>
    /// <exception cref="IOException">It broke off.</exception>
    public async IAsyncEnumerable<FeedEvent> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await using var audible = new AudibleStream(stream);
        var parser = SseParser.Create(audible);
        await foreach (var item in parser.EnumerateAsync(ct)) yield return new FeedEvent(item.EventType, item.Data, parser.LastEventId);
    }

    public void Dispose() => response.Dispose();

    /// <summary>Reads what comes, and gives up when nothing does.</summary>
    sealed class AudibleStream(Stream inner) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            silence.CancelAfter(Silence);
            try
            {
                return await inner.ReadAsync(buffer, silence.Token);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"Nothing came for {Silence.TotalSeconds:0} s.", e);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <param name="Type">message where the engine named none.</param>
/// <param name="LastId">What to go on from after a break.</param>
public sealed record FeedEvent(string Type, string Data, string LastId);
