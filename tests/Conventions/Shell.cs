using System.Diagnostics;

namespace Conventions;

/// <summary>Runs a program to its end, without standard input.</summary>
static class Shell
{
    /// <param name="environment">The whole environment of the program; null: the one of this process.</param>
    public static Outcome Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "",
        };
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment) start.Environment[name] = value;
        }
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    internal sealed record Outcome(int ExitCode, string Output, string Errors)
    {
        /// <summary>The last line that was written to standard output.</summary>
        public string LastLine => Output.TrimEnd('\n').Split('\n')[^1];

        public override string ToString() => $"exit code {ExitCode}\n--- output\n{Output}\n--- errors\n{Errors}";
    }
}
