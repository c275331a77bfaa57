using System.Globalization;

namespace Engine.Hosting.Doctor;

/// <summary>The process that listens on a port, as far as /proc tells this user.</summary>
sealed record PortHolder(int ProcessId, string Name)
{
    const string Listening = "0A";
    const int LocalAddress = 1, State = 3, Inode = 9;

    static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    public override string ToString() => $"{Name} (process {ProcessId})";

    /// <returns>Null when nobody listens, or the process is not this user's.</returns>
    public static PortHolder? Find(int port)
    {
        var inodes = Tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f.Length > Inode && f[State] == Listening
                && f[LocalAddress].EndsWith($":{port:X4}", StringComparison.Ordinal))
            .Select(f => $"socket:[{f[Inode]}]").ToHashSet();
        if (inodes.Count == 0) return null;
        var folder = Directory.EnumerateDirectories("/proc").FirstOrDefault(d => char.IsAsciiDigit(Path.GetFileName(d)[0]) && Holds(d, inodes));
        return folder is null ? null
            : new PortHolder(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), File.ReadAllText(Path.Combine(folder, "comm")).Trim());
    }

    static bool Holds(string process, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                .Any(fd => new FileInfo(fd).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it ended meanwhile, or is another user's
        }
    }
}
