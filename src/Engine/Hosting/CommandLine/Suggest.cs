using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Engine.Hosting.CommandLine;

/// <summary>
/// Answers <c>engine [suggest:CURSOR] "LINE"</c> with the words that could stand at the cursor, one a line. Options come only
/// to whoever has typed their dash.
/// </summary>
sealed class Suggest : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var root = (RootCommand)parseResult.RootCommandResult.Command;
        var directive = parseResult.GetResult(root.Directives.OfType<SuggestDirective>().Single());
        var line = parseResult.Tokens is [.., { Type: not TokenType.Directive } last] ? last.Value : "";
        var cursor = directive?.Values is [var position] && int.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? Math.Min(given, line.Length) : line.Length;
        var typed = line[..cursor];
        var wantsOption = typed[(typed.LastIndexOf(' ') + 1)..].StartsWith('-');
        foreach (var item in root.Parse(typed).GetCompletions(cursor))
            if (item.Label.StartsWith('-') == wantsOption) parseResult.InvocationConfiguration.Output.WriteLine(item.InsertText ?? item.Label);
        return (int)ExitCode.Done;
    }
}
