using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>
/// Runs one program to its end as the PostgreSQL user: without a shell, and with an environment of its own, because what
/// the engine's environment holds (secrets) would stay readable in the server's for as long as that lives.
/// </summary>
/// <param name="user">Null runs it as the user of this process.</param>
public sealed class RunProgram(PostgresUser? user)
{
    const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const int NotFound = 127;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="program">A full path, or a name in PATH.</param>
    /// <param name="folder">The folder it runs in; the user must be able to enter it.</param>
    public Task<ProgramResult> RunAsync(string program, string folder, IEnumerable<string> arguments, CancellationToken ct) =>
        RunAsync(program, folder, arguments, input: "", ct);

    /// <param name="input">What it reads from its standard input; short, since it is written before anything is read back.</param>
    public async Task<ProgramResult> RunAsync(string program, string folder, IEnumerable<string> arguments, string input, CancellationToken ct)
    {
        var start = new ProcessStartInfo
        {
            FileName = user is null ? program : "setpriv",
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in user is null ? arguments : [.. Demotion(user), program, .. arguments]) start.ArgumentList.Add(argument);
        var (path, libraries) = (Environment.GetEnvironmentVariable("PATH"), Environment.GetEnvironmentVariable("LD_LIBRARY_PATH"));
        start.Environment.Clear();
        start.Environment["PATH"] = string.IsNullOrEmpty(path) ? UsualPath : path;
        start.Environment["LC_ALL"] = "C"; // messages that are compared below stay English
        if (libraries is not null) start.Environment["LD_LIBRARY_PATH"] = libraries;

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e) when (user is not null)
        {
            throw new StartupException($"Cannot run setpriv, which starts PostgreSQL as {user.Name}: {e.Message}",
                "install it (apt-get install util-linux), or start the engine as a user other than root.", e);
        }
        catch (Win32Exception e)
        {
            return new ProgramResult(NotFound, e.Message);
        }

        if (input.Length > 0) await process.StandardInput.WriteAsync(input.AsMemory(), ct);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        try
        {
            await process.WaitForExitAsync(ct);
            return new ProgramResult(process.ExitCode, (await output + await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            // Asked to end, initdb removes what it made; a server that pg_ctl has just started is left to the caller to stop.
            Native.Signal(process.Id, Native.Terminate);
            using var patience = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited) process.Kill();
            throw;
        }
    }

    static IEnumerable<string> Demotion(PostgresUser user) =>
    [
        "--reuid", user.UserId.ToString(CultureInfo.InvariantCulture), "--regid", user.GroupId.ToString(CultureInfo.InvariantCulture),
        "--clear-groups", "--no-new-privs", "--",
    ];
}

/// <param name="Output">Standard output, then standard error.</param>
public sealed record ProgramResult(int ExitCode, string Output)
{
    public bool Succeeded => ExitCode == 0;
}
