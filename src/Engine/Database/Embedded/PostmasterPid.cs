using System.Globalization;
using System.Net.Sockets;

namespace Engine.Database.Embedded;

/// <summary>What PostgreSQL's own <c>postmaster.pid</c> says; the file is left behind when the server is killed.</summary>
/// <param name="Port">0 while the server has not written it yet.</param>
/// <param name="Status"><c>starting</c>, <c>ready</c> or <c>stopping</c>; empty while not written yet.</param>
public sealed record PostmasterPid(int ProcessId, int Port, string Status)
{
    const int PortLine = 3, StatusLine = 7;

    public bool IsReady => Status == "ready";

    /// <returns>Null when there is no such file, or nothing in it yet.</returns>
    public static PostmasterPid? Read(PostgresFolder folder)
    {
        if (SmallFile.Read(Path.Combine(folder.Data, "postmaster.pid"))?.Split('\n') is not { } lines
            || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid) || pid <= 0) return null;
        _ = int.TryParse(lines.ElementAtOrDefault(PortLine), CultureInfo.InvariantCulture, out var port);
        return new PostmasterPid(pid, port, lines.ElementAtOrDefault(StatusLine)?.Trim() ?? "");
    }

    /// <summary>
    /// Whether the server of this very folder still runs. Where /proc tells a process's folder, a number that another process
    /// (or a copy of the folder) has meanwhile is not mistaken for it.
    /// </summary>
    public bool IsAlive(PostgresFolder folder) =>
        Directory.Exists("/proc/self") ? FolderOf($"/proc/{ProcessId}") == folder.Data : Native.Signal(ProcessId, 0);

    /// <summary>Whether a server answers on the folder's socket: it may run where its process cannot be seen, in another container.</summary>
    public bool Answers(PostgresFolder folder)
    {
        if (Port == 0 || !folder.CanUseSocket(Port)) return false;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(folder.Socket(Port)));
            return true;
        }
        catch (SocketException)
        {
            return false; // nobody listens there
        }
    }

    /// <summary>
    /// The number now belongs to another process and none works in the folder any more. PostgreSQL itself cannot tell that
    /// and would refuse to start; small numbers come back quickly in a container.
    /// </summary>
    public bool IsSomebodyElse(PostgresFolder folder) =>
        Directory.Exists("/proc/self") && Native.Signal(ProcessId, 0) && !IsAlive(folder)
        && !Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Any(d => FolderOf(d) == folder.Data);

    static string? FolderOf(string process)
    {
        try
        {
            return Directory.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended, or is not ours
        }
    }
}
