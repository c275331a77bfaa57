using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Wire;

/// <summary>Ends a connection as networks do: in the middle of an answer.</summary>
static class CutConnection
{
    /// <summary>For what was written to leave this machine's buffers; a reset would throw it away. Real time, whatever the emulator's clock says.</summary>
    static readonly TimeSpan Leaving = TimeSpan.FromMilliseconds(20);

    static readonly TimeSpan ForTheCallerToHangUp = TimeSpan.FromSeconds(2);

    /// <summary>Like a crash: what is written so far goes out, then a TCP reset.</summary>
    public static async Task ResetAsync(HttpContext context)
    {
        await context.Response.BodyWriter.FlushAsync(CancellationToken.None);
        await Task.Delay(Leaving);
        SocketOf(context)?.Close(timeout: 0); // lingers for nothing: a reset, not an end
        context.Abort();
    }

    /// <summary>Like a proxy that gives up: what is written so far goes out, then the connection ends in order, the answer unfinished.</summary>
    public static async Task CloseAsync(HttpContext context)
    {
        await context.Response.BodyWriter.FlushAsync(CancellationToken.None);
        await Task.Delay(Leaving);
        SocketOf(context)?.Shutdown(SocketShutdown.Send);
        await Task.Delay(ForTheCallerToHangUp, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Abort();
    }

    static Socket? SocketOf(HttpContext context) => context.Features.Get<IConnectionSocketFeature>()?.Socket;
}
