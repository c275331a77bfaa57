using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Engine.Hosting.CommandLine;

/// <summary>The usual help, then the command's example; the root's help ends with the table of exit codes.</summary>
sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is DocumentedCommand documented)
        {
            output.WriteLine(documented.Example.Contains('\n', StringComparison.Ordinal) ? "Examples:" : "Example:");
            foreach (var line in documented.Example.Split('\n')) output.WriteLine($"  {line}");
            output.WriteLine();
        }
        if (command is RootCommand)
        {
            output.WriteLine("Exit codes:");
            foreach (var (code, meaning) in ExitCodes.All) output.WriteLine($"  {(int)code,-3}  {meaning}");
            output.WriteLine();
        }
        return (int)ExitCode.Done;
    }
}
