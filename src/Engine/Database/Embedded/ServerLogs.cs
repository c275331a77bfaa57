namespace Engine.Database.Embedded;

/// <summary>
/// Keeps the server's log bounded: PostgreSQL begins a new file each day and at each <see cref="FileMegabytes"/>, under a new
/// name; this removes the oldest.
/// </summary>
public sealed class ServerLogs(PostgresFolder folder, RunProgram program)
{
    public const int FilesKept = 10, FileMegabytes = 10;

    /// <summary>Removes, as PostgreSQL's user, all but the newest; the one that is written to is the newest.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var old = Newest(folder).Skip(FilesKept).Select(Name).ToArray();
        if (old.Length > 0) await program.RunAsync("rm", folder.Home, ["-f", "--", .. old], ct);
    }

    internal static IEnumerable<FileInfo> Newest(PostgresFolder folder) => Directory.Exists(folder.Log)
        ? new DirectoryInfo(folder.Log).EnumerateFiles().OrderByDescending(f => f.LastWriteTimeUtc).ThenByDescending(f => f.Name, StringComparer.Ordinal)
        : [];

    /// <summary>As programs that run in <see cref="PostgresFolder.Home"/> are told it.</summary>
    internal static string Name(FileInfo log) => $"log/{log.Name}";
}
