using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Database.Embedded;

/// <summary>The few calls of the system's C library that .NET lacks.</summary>
static class Native
{
    public const int Interrupt = 2, Terminate = 15;
    const int Unchanged = -1, SetDescriptorFlags = 2, CloseOnExec = 1, NoEntry = 2, Denied = 13, NoFolder = 20;

    /// <summary>The path with all its links followed; the path itself where that fails.</summary>
    public static string RealPath(string path)
    {
        var buffer = new byte[64 * 1024];
        if (realpath(Bytes(path), buffer) == 0) return path;
        return Encoding.UTF8.GetString(buffer, 0, Array.IndexOf(buffer, (byte)0));
    }

    /// <summary>Sends a signal; 0 only asks whether the process exists. False when there is none, or none that is ours.</summary>
    public static bool Signal(int processId, int signal) => kill(processId, signal) == 0;

    public static void ChangeGroup(string path, int groupId) => Check(lchown(Bytes(path), Unchanged, groupId), "lchown", path);

    public static void ChangeOwner(string path, PostgresUser owner) =>
        Check(lchown(Bytes(path), owner.UserId, owner.GroupId), "lchown", path);

    /// <summary>Makes the names in a folder durable, as writing a file through does for its content.</summary>
    public static void SyncFolder(string path)
    {
        var descriptor = open(Bytes(path), 0);
        Check(descriptor, "open", path);
        try
        {
            Check(fsync(descriptor), "fsync", path);
        }
        finally
        {
            _ = close(descriptor); // nothing was written through it
        }
    }

    /// <summary>Opens a file to read: not through a link in its place, and without waiting for the other end of a pipe.</summary>
    /// <returns>Null when there is none.</returns>
    public static SafeFileHandle? OpenPlain(string path)
    {
        var (noFollow, noWait, closeOnExec) = OperatingSystem.IsMacOS() ? (0x100, 0x4, 0x1000000)
            : (RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000, 0x800, 0x80000);
        var descriptor = open(Bytes(path), noFollow | noWait | closeOnExec);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() switch
        {
            NoEntry or NoFolder => null,
            Denied => throw new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            var error => throw new IOException($"open {path}: {new Win32Exception(error).Message}"),
        };
    }

    /// <summary>
    /// Keeps what this process inherited from its own parent out of its children. A pipe that the server held open would let
    /// whoever reads from it wait for as long as the server lives.
    /// </summary>
    public static void KeepFilesFromChildren()
    {
        const string own = "/proc/self/fd";
        if (!Directory.Exists(own)) return;
        foreach (var entry in Directory.GetFileSystemEntries(own))
        {
            if (int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture) is > 2 and var descriptor)
                _ = fcntl(descriptor, SetDescriptorFlags, CloseOnExec); // one that is closed by now, as the listing's own, is none to keep
        }
    }

    static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');

    static void Check(int result, string call, string path)
    {
        if (result < 0) throw new IOException($"{call} {path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

#pragma warning disable SYSLIB1054, IDE1006 // the generated form needs unsafe code; the names are C's
    [DllImport("libc", SetLastError = true)]
    static extern nint realpath(byte[] path, byte[] resolved);

    [DllImport("libc", SetLastError = true)]
    static extern int kill(int processId, int signal);

    [DllImport("libc", SetLastError = true)]
    static extern int lchown(byte[] path, int owner, int group);

    [DllImport("libc", SetLastError = true)]
    static extern int open(byte[] path, int flags);

    [DllImport("libc", SetLastError = true)]
    static extern int fsync(int descriptor);

    [DllImport("libc", SetLastError = true)]
    static extern int fcntl(int descriptor, int command, int flags);

    [DllImport("libc", SetLastError = true)]
    static extern int close(int descriptor);
#pragma warning restore SYSLIB1054, IDE1006
}
