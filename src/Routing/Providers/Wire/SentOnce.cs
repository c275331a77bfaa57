using System.Net;
using System.Net.Http.Headers;

namespace Routing.Providers.Wire;

/// <summary>
/// A request's body in two pieces. It knows whether any of it has left: what has not left cannot be billed. It leaves once; a call is never
/// repeated under its caller's feet.
/// </summary>
public sealed class SentOnce : HttpContent
{
    readonly ReadOnlyMemory<byte> head, tail;
    int times;

    public SentOnce(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> tail)
    {
        (this.head, this.tail) = (head, tail);
        Headers.ContentType = Json;
    }

    static readonly MediaTypeHeaderValue Json = new("application/json");

    public bool HasLeft => Volatile.Read(ref times) > 0;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken ct)
    {
        if (Interlocked.Increment(ref times) > 1) throw new IOException("The connection was lost after the request had left; whether it arrived is not known.");
        await stream.WriteAsync(head, ct);
        await stream.WriteAsync(tail, ct);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = head.Length + tail.Length;
        return true;
    }
}
