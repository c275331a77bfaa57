using System.Diagnostics;

namespace Support;

/// <summary>A folder that is a disk of its own, in memory, so small that it can be filled.</summary>
public sealed class SmallDisk : IDisposable
{
    const int Chunk = 256 * 1024, Smallest = 4096;

    readonly TempFolder folder = new();

    SmallDisk(int megabytes) => Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=0755", "tmpfs", folder.Path);

    public string Path => folder.Path;

    /// <exception cref="InvalidOperationException">This process may not mount.</exception>
    public static SmallDisk Mount(int megabytes)
    {
        var disk = new SmallDisk(megabytes);
        AfterThisProcess.Unmount(disk.Path);
        return disk;
    }

    /// <summary>Not one block is left for anybody.</summary>
    public void Fill()
    {
        using var ballast = File.Create(Ballast, 1, FileOptions.WriteThrough);
        for (var size = Chunk; size >= Smallest;)
        {
            try
            {
                ballast.Write(new byte[size]);
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        Run("umount", "-l", folder.Path);
        folder.Dispose();
    }

    string Ballast => System.IO.Path.Combine(folder.Path, "ballast");

    static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {error}");
    }
}

/// <summary>A fact on a <see cref="SmallDisk"/>: skipped where this process may not mount one, as in most containers and without root.</summary>
public sealed class FactOnSmallDiskAttribute : FactAttribute
{
    static readonly Lazy<string?> Problem = new(() =>
    {
        if (!Environment.IsPrivilegedProcess) return "only root may mount";
        try
        {
            using var disk = SmallDisk.Mount(1);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return e.Message;
        }
    });

    public FactOnSmallDiskAttribute()
    {
        if (Problem.Value is { } problem) Skip = $"a small disk cannot be mounted here: {problem}";
    }
}
