using System.Collections;
using Engine.Hosting.CommandLine;

namespace Support;

/// <summary>One command line of the engine run in this process, with an environment of its own.</summary>
public sealed record CommandLineRun(ExitCode ExitCode, string Output, string Error)
{
    /// <param name="environment">All the variables the command sees.</param>
    public static async Task<CommandLineRun> OfAsync(
        IReadOnlyDictionary<string, string> environment, TimeProvider time, CancellationToken ct, params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var terminal = new Terminal(output, error, isOutputTerminal: false, isErrorTerminal: false, isColoured: false);
        var code = await EngineCommand.RunAsync(args, new CommandFrame(terminal, (IDictionary)environment.ToDictionary(), time), ct);
        return new CommandLineRun((ExitCode)code, output.ToString(), error.ToString());
    }

    public static Task<CommandLineRun> OfAsync(IReadOnlyDictionary<string, string> environment, params string[] args) =>
        OfAsync(environment, TimeProvider.System, CancellationToken.None, args);
}
