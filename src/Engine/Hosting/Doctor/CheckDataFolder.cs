namespace Engine.Hosting.Doctor;

/// <summary>Whether this user can keep the engine's files there, closed to others, with room to spare.</summary>
static class CheckDataFolder
{
    const long TooLittleBytes = 100L << 20, LittleBytes = 1L << 30;
    const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    const UnixFileMode TooOpen = Others | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    public static IEnumerable<Finding> Run(string folder)
    {
        var nearest = folder;
        while (!Directory.Exists(nearest)) nearest = Path.GetDirectoryName(nearest)!;
        yield return Writable(folder, nearest);
        yield return Space(folder, new DriveInfo(nearest).AvailableFreeSpace);
    }

    /// <param name="nearest">The folder itself, or the nearest one above it that exists.</param>
    static Finding Writable(string folder, string nearest)
    {
        try
        {
            var probe = Path.Combine(nearest, $".engine-doctor-{Environment.ProcessId}");
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Failed("data_folder", $"{folder} cannot be written by this user: {e.Message}",
                "set ENGINE_DATA to a folder that this user may write, or give this user the folder.");
        }
        if (folder != nearest) return Finding.Ok("data_folder", $"{folder} is not there yet; the first start makes it");
        var mode = File.GetUnixFileMode(folder) & TooOpen;
        return mode == UnixFileMode.None ? Finding.Ok("data_folder", folder)
            : Finding.Warning("data_folder", $"{folder} is open to other users ({mode}); it holds tokens and the database.", $"chmod go-rw,o-x '{folder}'");
    }

    static Finding Space(string folder, long freeBytes) => freeBytes switch
    {
        < TooLittleBytes => Finding.Failed("disk", $"{freeBytes >> 20} MiB are free for {folder}; PostgreSQL stops when there is none left.", "make room, or set ENGINE_DATA to a folder on a larger disk."),
        < LittleBytes => Finding.Warning("disk", $"{freeBytes >> 20} MiB are free for {folder}.", "make room before it runs out: at least 1 GiB."),
        _ => Finding.Ok("disk", $"{freeBytes >> 30} GiB free"),
    };
}
