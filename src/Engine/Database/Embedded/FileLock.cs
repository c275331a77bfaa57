namespace Engine.Database.Embedded;

/// <summary>An advisory lock on a file (flock): it goes with the process, however that ends. Dispose the stream to let go.</summary>
static class FileLock
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>Null when somebody else holds it in a way that excludes this.</returns>
    public static FileStream? TryTake(string path, bool exclusive)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = exclusive ? FileAccess.ReadWrite : FileAccess.Read,
                Share = exclusive ? FileShare.None : FileShare.Read,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException e) when (e.HResult is 11 or 35) // EWOULDBLOCK on Linux and on macOS
        {
            return null;
        }
    }

    /// <summary>Whether nobody holds it in any way.</summary>
    public static bool IsFree(string path)
    {
        using var taken = TryTake(path, exclusive: true);
        return taken is not null;
    }

    /// <returns>Null when it did not come free within <paramref name="patience"/>.</returns>
    public static async Task<FileStream?> TakeAsync(string path, bool exclusive, TimeSpan patience, TimeProvider time, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            if (TryTake(path, exclusive) is { } taken) return taken;
            if (time.GetElapsedTime(start) > patience) return null;
            await Task.Delay(Pause, time, ct);
        }
    }
}
