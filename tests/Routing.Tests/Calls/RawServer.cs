using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Routing.Tests.Calls;

/// <summary>
/// An HTTP server on loopback whose answers are written byte by byte, for faults that a web server does not let one make. Each request is given to the answer
/// that its model asks for: the model's slug is the name of the answer.
/// </summary>
sealed class RawServer : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stopping = new();
    readonly ConcurrentDictionary<string, Func<RawExchange, Task>> answers = [];
    readonly ConcurrentQueue<RawExchange> exchanges = [];
    readonly Task accepting;

    public RawServer()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/v1");

    public IReadOnlyList<RawExchange> Exchanges => [.. exchanges];

    public int Count(string model) => exchanges.Count(e => e.Model == model);

    public void On(string model, Func<RawExchange, Task> answer) => answers[model] = answer;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        stopping.Dispose();
    }

    async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true) serving.Add(ServeAsync(await listener.AcceptSocketAsync(stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
        await Task.WhenAll(serving);
    }

    async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        socket.NoDelay = true;
        try
        {
            using var closing = stopping.Token.Register(socket.Dispose);
            using var stream = new NetworkStream(socket, ownsSocket: true);
            while (await ReadRequestAsync(stream) is var (head, body))
            {
                var exchange = new RawExchange(socket, stream, head, body, stopping.Token);
                exchanges.Enqueue(exchange);
                await answers[exchange.Model](exchange);
                exchange.Finish();
                if (exchange.Closes) return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The other side has gone, which is what some tests are about.
        }
        finally
        {
            socket.Dispose();
        }
    }

    static async Task<(string Head, string Body)?> ReadRequestAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. bytes]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var length = text.Split("\r\n").Where(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Select(l => int.Parse(l[15..], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();
                if (bytes.Count >= end + 4 + length) return (text[..end], Encoding.UTF8.GetString([.. bytes.Skip(end + 4).Take(length)]));
            }
            var count = await stream.ReadAsync(buffer);
            if (count == 0) return null;
            bytes.AddRange(buffer.AsSpan(0, count));
        }
    }
}

/// <summary>One request and the way to answer it.</summary>
sealed class RawExchange(Socket socket, NetworkStream stream, string head, string body, CancellationToken stopping)
{
    readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Head => head;

    public string Body => body;

    public string Model { get; } = System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("model").GetString()!;

    public bool Closes { get; private set; }

    public Task Finished => finished.Task;

    public void Finish() => finished.TrySetResult();

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(byte[] bytes) => await stream.WriteAsync(bytes, stopping);

    /// <summary>A status, and JSON whose length is told.</summary>
    public Task JsonAsync(int status, string json, string headers = "") =>
        WriteAsync($"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n{headers}\r\n{json}");

    /// <summary>The beginning of a stream that ends with the connection.</summary>
    public Task BeginAsync(string headers = "X-Generation-Id: gen-raw\r\n")
    {
        Closes = true;
        return WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n{headers}\r\n");
    }

    public async Task FramesAsync(params string[] frames)
    {
        foreach (var frame in frames) await WriteAsync($"data: {frame}\n\n");
    }

    /// <summary>Waits until the other side has closed.</summary>
    public async Task UntilGoneAsync()
    {
        Closes = true;
        try
        {
            while (await stream.ReadAsync(new byte[256], stopping) > 0) { }
        }
        catch (IOException)
        {
            // Reset is gone, too.
        }
    }

    public void Reset()
    {
        Closes = true;
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }
}
