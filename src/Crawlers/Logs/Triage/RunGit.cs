using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Crawlers.Logs.Triage;

/// <summary>
/// Asks git about one repository, which is not trusted: nothing that its settings name is run (hooks, monitors, pagers, filters, signature
/// checkers, transports), nothing is fetched, and git looks into no other folder. No shell; bounded in time and output.
/// </summary>
sealed class RunGit
{
    const int MaxOutputBytes = 64 * 1024 * 1024, MaxErrorBytes = 4096;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    static readonly string[] Settings =
    [
        "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.attributesFile=/dev/null", "protocol.allow=never", "log.showSignature=false", "gpg.program=false",
        "blame.showEmail=false", "diff.external=", "core.sshCommand=false", "credential.helper=", "core.askPass=", "mailmap.file=", "core.untrackedCache=false",
    ];

    readonly string folder, gitFolder;
    readonly TimeProvider time;

    /// <param name="path">A folder with .git, or a bare repository.</param>
    public RunGit(string path, TimeProvider time)
    {
        folder = Path.GetFullPath(path);
        var inside = Path.Combine(folder, ".git");
        // Named, and not searched for: so git asks nobody whether a repository of another user is safe, and goes up to no parent.
        gitFolder = Path.Exists(inside) ? inside : folder;
        this.time = time;
    }

    /// <summary>Commits whose parents the clone does not have.</summary>
    public bool IsCutAt(string commit)
    {
        var shallow = new FileInfo(Path.Combine(gitFolder, "shallow"));
        return shallow is { Exists: true, Length: > 0 and < MaxOutputBytes } && File.ReadLines(shallow.FullName).Contains(commit); // pipes and devices have no length
    }

    /// <param name="input">What it reads from its standard input.</param>
    public async Task<GitOutput> RunAsync(IEnumerable<string> arguments, CancellationToken ct, string input = "")
    {
        if (!Directory.Exists(folder)) return GitOutput.Failed($"there is no folder {folder}");
        using var process = new Process { StartInfo = Start(arguments) };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return GitOutput.Failed($"cannot run git: {e.Message}");
        }
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var output = ReadAsync(process.StandardOutput.BaseStream, MaxOutputBytes, both.Token);
            var errors = ReadAsync(process.StandardError.BaseStream, MaxErrorBytes, both.Token);
            await WriteAsync(process.StandardInput, input, both.Token);
            var bytes = await output;
            if (bytes is null) return GitOutput.Failed($"git gave more than {MaxOutputBytes >> 20} MB");
            var error = await errors;
            await process.WaitForExitAsync(both.Token);
            return new GitOutput(process.ExitCode == 0, Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(error ?? []).Trim());
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return GitOutput.Failed($"git took longer than {Limit.TotalSeconds} s");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    ProcessStartInfo Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo { FileName = "git", WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add($"--git-dir={gitFolder}");
        start.ArgumentList.Add("--no-pager");
        start.ArgumentList.Add("--literal-pathspecs");
        start.ArgumentList.Add("--no-optional-locks");
        start.ArgumentList.Add("--no-replace-objects");
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var path = Environment.GetEnvironmentVariable("PATH");
        start.Environment.Clear();
        start.Environment["PATH"] = string.IsNullOrEmpty(path) ? "/usr/local/bin:/usr/bin:/bin" : path;
        start.Environment["LC_ALL"] = "C"; // messages are compared
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_ATTR_NOSYSTEM"] = "1";
        start.Environment["GIT_NO_LAZY_FETCH"] = "1";
        start.Environment["GIT_PROTOCOL_FROM_USER"] = "0";
        start.Environment["GIT_CONFIG_COUNT"] = Settings.Length.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < Settings.Length; i++)
        {
            var sign = Settings[i].IndexOf('=', StringComparison.Ordinal);
            start.Environment[$"GIT_CONFIG_KEY_{i}"] = Settings[i][..sign];
            start.Environment[$"GIT_CONFIG_VALUE_{i}"] = Settings[i][(sign + 1)..];
        }
        return start;
    }

    static async Task WriteAsync(StreamWriter to, string input, CancellationToken ct)
    {
        try
        {
            if (input.Length > 0) await to.WriteAsync(input.AsMemory(), ct);
            to.Close();
        }
        catch (IOException)
        {
            // it ended without reading: its exit code says why
        }
    }

    /// <returns>Null when there was more; of errors, what fits.</returns>
    static async Task<byte[]?> ReadAsync(Stream from, int most, CancellationToken ct)
    {
        using var read = new MemoryStream();
        var buffer = new byte[81920];
        for (int count; (count = await from.ReadAsync(buffer, ct)) > 0;)
        {
            if (read.Length + count > most && most == MaxOutputBytes) return null;
            read.Write(buffer, 0, (int)Math.Min(count, Math.Max(0, most - read.Length)));
        }
        return read.ToArray();
    }
}

/// <param name="Error">Why not.</param>
sealed record GitOutput(bool HasWorked, string Text, string Error)
{
    public static GitOutput Failed(string error) => new(false, "", error);
}
