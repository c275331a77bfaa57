using System.Diagnostics;

namespace Support;

/// <summary>A line of shell, as an administrator or logrotate would run it.</summary>
public static class ShellLine
{
    /// <summary>Runs it to its end; it must succeed.</summary>
    public static void Run(string folder, string line)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-ec", line]) { WorkingDirectory = folder })!;
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, line);
    }
}
