using System.Net;

namespace Engine.Hosting.CommandLine;

/// <summary>Text that is sent as it comes: a line must not wait for others to fill a buffer.</summary>
sealed class PouredContent(Stream text) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var block = new byte[64 * 1024];
        for (int read; (read = await text.ReadAsync(block, cancellationToken)) > 0;)
        {
            await stream.WriteAsync(block.AsMemory(0, read), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
