using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Emulators.Tests.OpenRouter;

/// <summary>An answer as its bytes came over the line.</summary>
/// <param name="Head">Status line and headers.</param>
/// <param name="Body">What followed, chunk framing and all.</param>
/// <param name="WasReset">The connection ended with a TCP reset, rather than in order or not at all.</param>
/// <param name="HasEnded">The connection ended, rather than being given up by the reader.</param>
sealed record RawHttp(string Head, byte[] Body, bool WasReset, bool HasEnded)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The pieces of a chunked body, as the server wrote them.</summary>
    public IReadOnlyList<byte[]> Chunks
    {
        get
        {
            var chunks = new List<byte[]>();
            for (var at = 0; at < Body.Length;)
            {
                var end = Body.AsSpan(at).IndexOf("\r\n"u8);
                if (end < 0) break;
                var size = Convert.ToInt32(Encoding.ASCII.GetString(Body, at, end), 16);
                at += end + 2;
                chunks.Add(Body[at..Math.Min(at + size, Body.Length)]);
                at += size + 2;
            }
            return chunks;
        }
    }

    /// <summary>The body without chunk framing.</summary>
    public string Stream => Encoding.UTF8.GetString([.. Chunks.SelectMany(c => c)]);

    /// <summary>Whether a chunked body came to its end.</summary>
    public bool IsWhole => Chunks is [.., { Length: 0 }];

    /// <param name="patience">How long to wait for more before giving up.</param>
    public static async Task<RawHttp> PostAsync(Uri url, JsonObject body, TimeSpan? patience = null, string path = "/api/v1/chat/completions") =>
        await SendAsync(url, Encoding.UTF8.GetBytes(Request(url, path, body.ToJsonString())), patience);

    static string Request(Uri url, string path, string body) =>
        $"POST {path} HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {Rig.Key}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    public static async Task<RawHttp> GetAsync(Uri url, string path) => await SendAsync(url, Encoding.UTF8.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: close\r\n\r\n"), null);

    static async Task<RawHttp> SendAsync(Uri url, byte[] request, TimeSpan? patience)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(url.Host, url.Port);
        await socket.SendAsync(request);
        using var all = new MemoryStream();
        var (wasReset, hasEnded) = (false, false);
        var buffer = new byte[64 * 1024];
        using var limit = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(10));
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer, limit.Token)) > 0) all.Write(buffer, 0, read);
            hasEnded = true;
        }
        catch (SocketException e)
        {
            (wasReset, hasEnded) = (e.SocketErrorCode == SocketError.ConnectionReset, true);
        }
        catch (OperationCanceledException)
        {
            // as long as the test wanted to wait
        }
        var bytes = all.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        return end < 0 ? new RawHttp(Encoding.ASCII.GetString(bytes), [], wasReset, hasEnded)
            : new RawHttp(Encoding.ASCII.GetString(bytes, 0, end), bytes[(end + 4)..], wasReset, hasEnded);
    }
}
