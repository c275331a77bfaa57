using System.CommandLine;

namespace Engine.Hosting.CommandLine;

/// <summary>A command whose help ends with an example, and whose action answers with an <see cref="ExitCode"/>.</summary>
/// <param name="example">Whole command lines, one a line, beginning with <c>engine</c>.</param>
sealed class DocumentedCommand(string name, string description, string example) : Command(name, description)
{
    public string Example { get; } = example;

    public DocumentedCommand Runs(Func<ParseResult, CancellationToken, Task<ExitCode>> run)
    {
        SetAction(async (parse, ct) => (int)await run(parse, ct));
        return this;
    }

    public DocumentedCommand Runs(Func<ParseResult, ExitCode> run)
    {
        SetAction(parse => (int)run(parse));
        return this;
    }
}
