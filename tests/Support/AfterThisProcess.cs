using System.Diagnostics;

namespace Support;

/// <summary>
/// A process beside this one waits for its end, however that comes, and clears up: test hosts are given no time to do it
/// themselves, and one that hangs is killed.
/// </summary>
static class AfterThisProcess
{
    /// <summary>Stops the PostgreSQL that runs in a data folder then, at once, and removes a folder.</summary>
    public static void Remove(string dataFolder, string folder)
    {
        const string ClearUp = """
            exec <&- >/dev/null 2>&1
            tail --pid="$1" -f /dev/null
            postmaster=$(head -n 1 "$2/postmaster.pid") && kill -QUIT "$postmaster" && tail --pid="$postmaster" -f /dev/null
            rm -rf "$3"
            """;
        using var started = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", ClearUp, "sh", $"{Environment.ProcessId}", dataFolder, folder]));
    }

    /// <summary>Unmounts what is mounted on a folder, if that has not been done, and removes it.</summary>
    public static void Unmount(string folder)
    {
        const string ClearUp = """
            exec <&- >/dev/null 2>&1
            tail --pid="$1" -f /dev/null
            umount -l "$2"
            rmdir "$2"
            """;
        using var started = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", ClearUp, "sh", $"{Environment.ProcessId}", folder]));
    }
}
