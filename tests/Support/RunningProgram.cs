using System.Diagnostics;
using System.Text;

namespace Support;

/// <summary>A program that runs beside the test; what it writes is kept.</summary>
public sealed class RunningProgram : IDisposable
{
    readonly Process process;
    readonly StringBuilder output = new(), error = new();

    RunningProgram(Process process) => this.process = process;

    public int ProcessId => process.Id;

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    public string Output => Text(output);

    public string Error => Text(error);

    /// <summary>How the runtime compiles: whoever runs the tests says it for all processes.</summary>
    const string Compiling = "DOTNET_TC_CallCounting";

    /// <param name="environment">All its variables, but for the one above; null hands on those of the tests.</param>
    public static RunningProgram Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment) start.Environment[name] = value;
            if (Environment.GetEnvironmentVariable(Compiling) is { } compiling) start.Environment[Compiling] = compiling;
        }
        var running = new RunningProgram(new Process { StartInfo = start });
        running.process.OutputDataReceived += (_, line) => Keep(running.output, line.Data);
        running.process.ErrorDataReceived += (_, line) => Keep(running.error, line.Data);
        running.process.Start();
        running.process.StandardInput.Close();
        running.process.BeginOutputReadLine();
        running.process.BeginErrorReadLine();
        return running;
    }

    /// <summary>Waits until it has ended; one that does not is killed and fails the test.</summary>
    public async Task<ProgramRun> EndAsync(TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end within {within}:\n{Output}{Error}");
        }
        return new ProgramRun(process.ExitCode, Output, Error);
    }

    /// <param name="name">Such as <c>TERM</c>, <c>KILL</c>, <c>STOP</c>.</param>
    public void Signal(string name)
    {
        if (process.HasExited) return;
        using var kill = Process.Start("kill", ["-s", name, $"{process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    static void Keep(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.Append(line).Append('\n');
    }

    static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }
}

/// <param name="ExitCode">128 + the signal's number when a signal ended it.</param>
public sealed record ProgramRun(int ExitCode, string Output, string Error);
