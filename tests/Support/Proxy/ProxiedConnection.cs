using System.Net;
using System.Net.Sockets;

namespace Support.Proxy;

/// <summary>One connection through a <see cref="TcpProxy"/>.</summary>
public sealed class ProxiedConnection
{
    readonly TcpProxy proxy;
    readonly Socket client;
    readonly Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly CancellationTokenSource ended = new();
    readonly ClientMessages sent = new();
    readonly ServerMessages answered = new();
    Trapped? trapped;

    internal ProxiedConnection(TcpProxy proxy, Socket client)
    {
        (this.proxy, this.client) = (proxy, client);
        client.NoDelay = true;
    }

    /// <summary>What dropping took bytes from: neither side can go on with it.</summary>
    public bool HasLostBytes { get; private set; }

    /// <summary>As the client called itself when it connected; empty until then.</summary>
    public string ApplicationName => sent.ApplicationName;

    /// <summary>What the client asked for its session when it connected; empty until then, and when it asked for nothing.</summary>
    public string Options => sent.Options;

    /// <summary>Whether the client has sent a statement that contains a text, among the first that it sent.</summary>
    public bool HasSent(string sqlPart) => sent.HasSeen(sqlPart);

    /// <summary>How often the client has had statements carried out that contain a text, of the first different ones that it sent.</summary>
    public int TimesSent(string sqlPart) => sent.Times(sqlPart);

    /// <summary>Ends it on both sides as a crashed host would: by a reset.</summary>
    public void Reset()
    {
        // Linger 0 makes closing a reset.
        Close(client);
        Close(server);
        try
        {
            ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it has ended by itself this moment
        }

        static void Close(Socket socket)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // closed already
            }
            socket.Close(0);
        }
    }

    internal async Task RunAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, ended.Token);
        try
        {
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, proxy.TargetPort), either.Token);
            await Task.WhenAll(ForwardOrResetAsync(client, server, ToServerAsync, either.Token), ForwardOrResetAsync(server, client, ToClientAsync, either.Token));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or IOException)
        {
            // One side went away, or the proxy stops: the other side is told by a reset.
        }
        Reset();
        ended.Dispose();
        server.Dispose();
        client.Dispose();
    }

    /// <summary>One side that breaks off is told to the other at once: a server would wait for ever for a client that was killed within a transaction.</summary>
    async Task ForwardOrResetAsync(Socket from, Socket to, Func<Memory<byte>, CancellationToken, Task<bool>> allowAsync, CancellationToken ct)
    {
        try
        {
            await ForwardAsync(from, to, allowAsync, ct);
        }
        catch
        {
            Reset();
            throw;
        }
    }

    static async Task ForwardAsync(Socket from, Socket to, Func<Memory<byte>, CancellationToken, Task<bool>> allowAsync, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var count = await from.ReceiveAsync(buffer, ct);
            if (count == 0) break;
            if (!await allowAsync(buffer.AsMemory(0, count), ct)) continue;
            for (var done = 0; done < count;) done += await to.SendAsync(buffer.AsMemory(done, count - done), ct);
        }
        to.Shutdown(SocketShutdown.Send);
    }

    async Task<bool> ToServerAsync(Memory<byte> piece, CancellationToken ct)
    {
        foreach (var commit in sent.Read(piece.Span))
        {
            if (trapped is not null || proxy.Spring(commit.Statements) is not { } trap) continue;
            trapped = new Trapped(trap, commit.Answers);
            if (!trap.ReachesServer) End(trap);
        }
        if (await proxy.ToServer.LetThroughAsync(this, ct)) return true;
        HasLostBytes = true;
        return false;
    }

    async Task<bool> ToClientAsync(Memory<byte> piece, CancellationToken ct)
    {
        answered.Read(piece.Span);
        if (trapped is { } commit)
        {
            if (answered.Answers >= commit.Answers) End(commit.Trap);
            return false;
        }
        if (await proxy.ToClient.LetThroughAsync(this, ct)) return true;
        HasLostBytes = true;
        return false;
    }

    void End(CommitTrap trap)
    {
        Reset();
        trap.Tell();
        throw new IOException("The outcome of a commit was lost on the way.");
    }

    sealed record Trapped(CommitTrap Trap, int Answers);
}
