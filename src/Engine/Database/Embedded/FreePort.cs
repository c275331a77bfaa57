using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>Picks the port of the embedded server.</summary>
public static class FreePort
{
    /// <summary>Below the range from which systems take the ports of outgoing connections, so that a stopped server finds its port again.</summary>
    public const int First = 17432, Last = 18431;

    /// <summary>The previous port while it is free, else the first free one, looked for from a place that depends on the folder.</summary>
    /// <param name="refused">Ports not to be tried.</param>
    public static int Find(string folder, int? previous, IReadOnlySet<int> refused, Func<int, bool> isFree)
    {
        if (previous is { } port && !refused.Contains(port) && isFree(port)) return port;
        const int count = Last - First + 1;
        var start = (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(folder))) % count);
        for (var i = 0; i < count; i++)
        {
            var candidate = First + ((start + i) % count);
            if (!refused.Contains(candidate) && isFree(candidate)) return candidate;
        }
        throw new StartupException($"No port from {First} to {Last} is free on 127.0.0.1 for the embedded PostgreSQL.",
            "end what listens there (see: ss -ltnp), or set a connection string to a PostgreSQL of your own.");
    }

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false; // taken, or not ours to take: either way the next one is tried
        }
    }
}
