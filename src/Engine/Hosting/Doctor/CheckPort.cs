using System.Net;
using System.Net.Sockets;
using Engine.Hosting.CommandLine;
using Engine.Http;

namespace Engine.Hosting.Doctor;

/// <summary>Whether an engine can listen where it is told to, or one does already.</summary>
static class CheckPort
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<Finding> RunAsync(string address, CancellationToken ct)
    {
        var endpoint = HttpSettings.Endpoint(address)!;
        if (endpoint.Port == 0) return Finding.Ok("port", $"{address}: any free port");
        switch (TryBind(endpoint))
        {
            case null:
                return Finding.Ok("port", $"{address} is free");
            case SocketError.AccessDenied:
                return Finding.Failed("port", $"{address}: this user may not listen on port {endpoint.Port}.", Elsewhere(endpoint));
            case SocketError.AddressNotAvailable:
                return Finding.Failed("port", $"{address} is no address of this machine.", Elsewhere(endpoint));
        }
        if (await IsEngineAsync(endpoint, ct)) return Finding.Ok("port", $"{address}: an engine listens there");
        var holder = PortHolder.Find(endpoint.Port);
        return Finding.Failed("port", $"{address} is taken by {holder?.ToString() ?? "another program"}, which is no engine.",
            $"{(holder is null ? "stop that program" : $"stop it (kill {holder.ProcessId})")}, or {Elsewhere(endpoint)}");
    }

    static SocketError? TryBind(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endpoint);
            socket.Listen(1);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    static async Task<bool> IsEngineAsync(IPEndPoint endpoint, CancellationToken ct)
    {
        using var client = new EngineClient(new EngineAddress(EngineAddress.Reaching(endpoint), null, null), Patience);
        try
        {
            return (await client.AskAsync("/health/live", ct)) is { Status: HttpStatusCode.OK, Body: { } body } && body.TryGetProperty("status", out _);
        }
        catch (CommandException)
        {
            return false; // it answers otherwise, or not at all: no engine
        }
    }

    static string Elsewhere(IPEndPoint endpoint)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        var port = Enumerable.Range(endpoint.Port + 1, 20).FirstOrDefault(p => p <= IPEndPoint.MaxPort && p > 1023 && TryBind(new IPEndPoint(IPAddress.Loopback, p)) is null);
        if (port == 0)
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        return $"let the engine listen elsewhere: ENGINE__HTTP__LISTEN=http://127.0.0.1:{port}";
    }
}
