namespace Routing.Tests.Providers.Wire;

/// <summary>Gives its bytes in the pieces that it is told, one a read.</summary>
sealed class PiecesStream(IEnumerable<ReadOnlyMemory<byte>> pieces) : Stream
{
    readonly Queue<ReadOnlyMemory<byte>> left = new(pieces.Where(p => p.Length > 0));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!left.TryPeek(out var piece)) return ValueTask.FromResult(0);
        var count = Math.Min(piece.Length, buffer.Length);
        piece[..count].CopyTo(buffer);
        left.Dequeue();
        if (count < piece.Length)
        {
            var others = left.ToArray();
            left.Clear();
            left.Enqueue(piece[count..]);
            foreach (var other in others) left.Enqueue(other);
        }
        return ValueTask.FromResult(count);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
