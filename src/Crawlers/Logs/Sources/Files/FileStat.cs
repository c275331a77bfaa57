using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Crawlers.Logs.Sources.Files;

/// <summary>What tells a file from others while it is there, whatever it is called.</summary>
readonly record struct FileIdentity(ulong Device, ulong Inode);

/// <summary>What the system says about a file.</summary>
/// <param name="Links">Names it has; 0 when it was removed and is only held open.</param>
readonly record struct FileStat(FileIdentity Identity, long Size, DateTimeOffset LastWrite, bool IsRegular, uint Links)
{
    const int NoSuchFile = 2, NotAFolder = 20, CurrentFolder = -100, OfTheDescriptor = 0x1000;
    const uint BasicFields = 0x7ff;
    const int ForReading = 0, WithoutWaiting = 0x800, CloseOnExec = 0x80000; // the same numbers on every architecture that .NET runs on under Linux

    /// <summary>Of what a path leads to, through symbolic links; null when there is nothing.</summary>
    /// <exception cref="IOException">It is not permitted, or the disk does not answer.</exception>
    public static FileStat? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return Portable(new FileInfo(path));
        if (statx(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, BasicFields, out var fields) == 0) return Of(fields);
        return Marshal.GetLastPInvokeError() is NoSuchFile or NotAFolder ? null : throw Failed(path);
    }

    /// <exception cref="IOException">The disk does not answer.</exception>
    public static FileStat Of(SafeFileHandle open, string path)
    {
        if (!OperatingSystem.IsLinux()) return Portable(new FileInfo(path)) ?? default;
        return statx((int)open.DangerousGetHandle(), [0], OfTheDescriptor, BasicFields, out var fields) == 0 ? Of(fields) : throw Failed(path);
    }

    /// <summary>
    /// Opens a file for reading; null when there is none. Unlike .NET's own way it takes no lock on the file, which would keep the program that
    /// writes it from opening it for itself alone, and it waits for nobody to write into a pipe that took the file's place.
    /// </summary>
    /// <exception cref="IOException">It is not permitted, or the disk does not answer.</exception>
    public static SafeFileHandle? Open(string path)
    {
        if (!OperatingSystem.IsLinux()) return File.Exists(path) ? File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete) : null;
        var descriptor = open(Encoding.UTF8.GetBytes(path + '\0'), ForReading | WithoutWaiting | CloseOnExec);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() is NoSuchFile or NotAFolder ? null : throw Failed(path);
    }

    static IOException Failed(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{path}: {new Win32Exception(error).Message}", error);
    }

    static FileStat Of(in Fields fields) => new(
        new FileIdentity((ulong)fields.DeviceMajor << 32 | fields.DeviceMinor, fields.Inode), (long)fields.Size,
        DateTimeOffset.FromUnixTimeSeconds(fields.WrittenSeconds).AddTicks(fields.WrittenNanoseconds / 100), (fields.Mode & 0xf000) == 0x8000, fields.Links);

    // Where there is no statx, the time of birth stands for the inode: a rename keeps it.
    static FileStat? Portable(FileInfo file) => !file.Exists ? null
        : new FileStat(new FileIdentity(0, (ulong)file.CreationTimeUtc.Ticks), file.Length, file.LastWriteTimeUtc, (file.Attributes & (FileAttributes.Device | FileAttributes.Directory)) == 0, 1);

    // The kernel gives struct statx this layout on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    struct Fields
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(112)] public long WrittenSeconds;
        [FieldOffset(120)] public uint WrittenNanoseconds;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

#pragma warning disable SYSLIB1054, IDE1006 // the generated form needs unsafe code; the names are C's
    [DllImport("libc", SetLastError = true)]
    static extern int statx(int folder, byte[] path, int flags, uint mask, out Fields fields);

    [DllImport("libc", SetLastError = true)]
    static extern int open(byte[] path, int flags);
#pragma warning restore SYSLIB1054, IDE1006
}
