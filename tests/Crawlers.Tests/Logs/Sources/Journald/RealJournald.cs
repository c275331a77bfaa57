using Support;

namespace Crawlers.Tests.Logs.Sources.Journald;

/// <summary>A journald of the test's own, in a namespace where it finds no other; its journal lies in a folder that outlives it.</summary>
static class RealJournald
{
    public const string Program = "/usr/lib/systemd/systemd-journald";

    /// <param name="script">Run by a shell while it runs, <c>rotate</c> included.</param>
    public static async Task RunAsync(string folder, string script)
    {
        const string Around = """
            mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/journal /run/log/journal
            mount --bind "$1" /run/log/journal
            mount -t tmpfs tmpfs /var/log
            "$2" & journald=$!
            rotate() { kill -USR2 $journald; sleep 0.5; }
            for i in $(seq 100); do if [ -S /run/systemd/journal/stdout ]; then break; fi; sleep 0.05; done
            eval "$3"
            sleep 0.5
            kill $journald
            wait $journald || true
            """;
        using var shell = RunningProgram.Start("unshare", ["--mount", "sh", "-ec", Around, "sh", folder, Program, script]);
        var run = await shell.EndAsync(TimeSpan.FromSeconds(60));
        Assert.True(run.ExitCode == 0, run.Error);
    }
}

/// <summary>A fact on a <see cref="RealJournald"/>: skipped where there is none, or this process may not give it a namespace.</summary>
public sealed class FactOnJournaldAttribute : FactAttribute
{
    static readonly Lazy<string?> Problem = new(() =>
    {
        if (!File.Exists(RealJournald.Program) || !FactNeedingAttribute.Exists("journalctl")) return "systemd's journald is not installed";
        if (!Environment.IsPrivilegedProcess) return "only root may mount";
        using var trial = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"]) { RedirectStandardError = true })!;
        trial.WaitForExit();
        return trial.ExitCode == 0 ? null : "a namespace cannot be had here";
    });

    public FactOnJournaldAttribute()
    {
        if (Problem.Value is { } problem) Skip = problem;
    }
}
