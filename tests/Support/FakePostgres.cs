using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Support;

/// <summary>A server that greets as PostgreSQL of a given version and can do nothing else: for versions that no test machine has.</summary>
public sealed class FakePostgres : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly Task serving;

    public FakePostgres(string version)
    {
        listener.Start();
        serving = ServeAsync(version);
    }

    public string ConnectionString => $"Host=127.0.0.1;Port={((IPEndPoint)listener.LocalEndpoint).Port};Username=engine;Database=engine;SSL Mode=Disable;GSS Encryption Mode=Disable";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await serving;
        listener.Dispose();
        stop.Dispose();
    }

    async Task ServeAsync(string version)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stop.Token);
                var stream = client.GetStream();
                var head = new byte[4];
                await stream.ReadExactlyAsync(head, stop.Token);
                await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(head) - 4], stop.Token); // the start-up message
                await stream.WriteAsync(new[]
                {
                    Message('R', [0, 0, 0, 0]), // authentication ok
                    Message('S', Encoding.ASCII.GetBytes($"server_version\0{version}\0")),
                    Message('S', "client_encoding\0UTF8\0"u8.ToArray()),
                    Message('K', new byte[8]),
                    Message('Z', "I"u8.ToArray()), // ready for query
                }.SelectMany(m => m).ToArray(), stop.Token);
                await stream.CopyToAsync(Stream.Null, stop.Token); // until the client goes
            }
        }
        catch (OperationCanceledException)
        {
            // disposed
        }
    }

    static byte[] Message(char kind, byte[] body)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, 5);
        return message;
    }
}
