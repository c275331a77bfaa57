using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Engine.Tests.Schedules;

/// <summary>A door before the database: closed, it cuts every connection and takes no new one, as a server that is down.</summary>
sealed class DatabaseGate : IAsyncDisposable
{
    readonly NpgsqlConnectionStringBuilder behind;
    readonly int port;
    CancellationTokenSource open = new();
    Task serving;

    public DatabaseGate(string connectionString)
    {
        behind = new NpgsqlConnectionStringBuilder(connectionString);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        serving = ServeAsync(listener, open.Token);
    }

    public string ConnectionString => new NpgsqlConnectionStringBuilder(behind.ConnectionString) { Host = "127.0.0.1", Port = port }.ConnectionString;

    public async Task CloseAsync()
    {
        await open.CancelAsync();
        await serving;
    }

    public void Open()
    {
        open.Dispose();
        open = new();
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        serving = ServeAsync(listener, open.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        open.Dispose();
    }

    async Task ServeAsync(TcpListener listener, CancellationToken ct)
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ForwardAsync(await listener.AcceptSocketAsync(ct), ct));
        }
        catch (OperationCanceledException)
        {
            listener.Dispose();
            await Task.WhenAll(connections);
        }
    }

    async Task ForwardAsync(Socket client, CancellationToken ct)
    {
        using var near = client;
        using var far = behind.Host!.StartsWith('/') ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (behind.Host.StartsWith('/')) await far.ConnectAsync(new UnixDomainSocketEndPoint($"{behind.Host}/.s.PGSQL.{behind.Port}"), ct);
            else await far.ConnectAsync(behind.Host, behind.Port, ct);
            await Task.WhenAny(CopyAsync(near, far, ct), CopyAsync(far, near, ct));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // either side has gone: so does the other
        }
    }

    static async Task CopyAsync(Socket from, Socket to, CancellationToken ct)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, ct) is > 0 and var read) await to.SendAsync(buffer.AsMemory(0, read), ct);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // the end of this direction ends the connection
        }
    }
}
