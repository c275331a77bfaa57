using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Support.Proxy;

/// <summary>
/// Stands between an engine and its PostgreSQL on loopback and does to their connections what networks do: loses what is sent,
/// holds it up, slows it down, cuts it, and loses the answer to just that one commit. It reads along, so nothing may be encrypted.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly ConcurrentDictionary<ProxiedConnection, Task> connections = [];
    readonly CancellationTokenSource stop = new();
    readonly Task accepting;
    readonly List<CommitTrap> traps = [];

    /// <param name="targetPort">Of the PostgreSQL behind it, on loopback.</param>
    public TcpProxy(int targetPort)
    {
        TargetPort = targetPort;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Where new connections lead: a failover moves it.</summary>
    public int TargetPort { get; set; }

    /// <summary>What befalls bytes on their way to the server.</summary>
    public ProxyDirection ToServer { get; } = new();

    /// <summary>What befalls bytes on their way to the client.</summary>
    public ProxyDirection ToClient { get; } = new();

    /// <summary>New connections are reset at once.</summary>
    public bool IsRefusing { get; set; }

    public IReadOnlyCollection<ProxiedConnection> Connections => [.. connections.Keys];

    /// <summary>Resets connections on both sides.</summary>
    /// <param name="which">Null: all of them.</param>
    /// <returns>How many.</returns>
    public int Cut(Func<ProxiedConnection, bool>? which = null)
    {
        var cut = connections.Keys.Where(c => which is null || which(c)).ToArray();
        foreach (var connection in cut) connection.Reset();
        return cut.Length;
    }

    /// <summary>Both directions are whole again. What was held flows on; connections that have lost bytes are reset.</summary>
    public void Heal()
    {
        IsRefusing = false;
        lock (traps) traps.Clear();
        ToServer.Pass();
        ToClient.Pass();
        Cut(c => c.HasLostBytes);
    }

    /// <summary>Waits for a commit, explicit or not, with a statement that contains a text, and makes its outcome unknown to the client.</summary>
    /// <param name="sqlPart">As written in the statement; <c>commit</c> for any explicit one.</param>
    /// <param name="reachesServer">True: it is carried out, and its answer is lost. False: it is lost itself.</param>
    public CommitTrap TrapCommit(string sqlPart, bool reachesServer)
    {
        var trap = new CommitTrap(sqlPart, reachesServer);
        lock (traps) traps.Add(trap);
        return trap;
    }

    internal CommitTrap? Spring(IReadOnlyCollection<string> statements)
    {
        lock (traps)
        {
            var trap = traps.FirstOrDefault(t => statements.Any(s => s.Contains(t.SqlPart, StringComparison.OrdinalIgnoreCase)));
            if (trap is not null) traps.Remove(trap);
            return trap;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        Cut();
        await Task.WhenAll(connections.Values);
        listener.Dispose();
        stop.Dispose();
    }

    async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                continue; // stopped, or a caller that went away while it waited
            }
            if (IsRefusing)
            {
                client.Close(0);
                continue;
            }
            var connection = new ProxiedConnection(this, client);
            connections[connection] = Task.CompletedTask;
            connections[connection] = RunAsync(connection);
        }
    }

    async Task RunAsync(ProxiedConnection connection)
    {
        await Task.Yield();
        await connection.RunAsync(stop.Token);
        connections.TryRemove(connection, out _);
    }
}

/// <summary>A commit whose outcome its client will not learn.</summary>
public sealed class CommitTrap(string sqlPart, bool reachesServer)
{
    readonly TaskCompletionSource sprung = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string SqlPart => sqlPart;

    public bool ReachesServer => reachesServer;

    /// <summary>Ends when the connection has been cut, after the server answered where it was reached.</summary>
    public Task Sprung => sprung.Task;

    internal void Tell() => sprung.TrySetResult();
}
