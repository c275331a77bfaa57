using System.CommandLine;
using System.CommandLine.Parsing;
using Engine.Hosting.Configuration;

namespace Engine.Hosting.CommandLine;

/// <summary>Tells what is wrong with a command line, and what was probably meant.</summary>
public static class Misuse
{
    public static ExitCode Tell(ParseResult parse, Terminal terminal)
    {
        var command = parse.CommandResult.Command;
        var strange = parse.UnmatchedTokens.ToHashSet();
        var known = Names(parse.CommandResult).ToArray();
        foreach (var token in strange)
        {
            var kind = token.StartsWith('-') ? "option" : "command or argument";
            var meant = Nearest(token, known) is { } near && near != token ? $" Did you mean {near}?" : "";
            terminal.Note(TakesOption(command, token)
                ? $"{Path(command)}: {token} belongs to a command: write it after the command's name."
                : $"{Path(command)}: unknown {kind} \"{token}\".{meant}");
        }
        // What is missing besides a misspelt word is mostly the word itself.
        var errors = parse.Errors.Where(e => !IsMissingCommand(e, command)).DefaultIfEmpty(parse.Errors[0]);
        if (strange.Count == 0)
            foreach (var error in errors) terminal.Note($"{Path(command)}: {Sentence(error, command)}");
        terminal.Note($"  Remedy: `{Path(command)} --help` shows what is possible.");
        return ExitCode.Misuse;
    }

    static bool TakesOption(Command command, string token) =>
        command.Options.Any(o => !o.Hidden && o.Name == token) || command.Subcommands.Any(sub => TakesOption(sub, token));

    /// <summary>The command with its parents, as one types it.</summary>
    public static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : "engine";

    /// <returns>The candidate that differs by few letters; null when none does.</returns>
    public static string? Nearest(string text, IEnumerable<string> candidates)
    {
        var near = candidates.Select(c => (Name: c, Distance: EditDistance.Of(c, text))).DefaultIfEmpty().MinBy(c => c.Distance);
        return near.Name is { } name && near.Distance <= Math.Max(2, name.Length / 3) ? name : null;
    }

    static string Sentence(ParseError error, Command command) => IsMissingCommand(error, command)
        ? $"a command is missing: {string.Join(", ", command.Subcommands.Select(c => c.Name))}."
        : error.Message.Replace('\n', ' ');

    static bool IsMissingCommand(ParseError error, Command command) => error.SymbolResult is CommandResult && command.Subcommands.Count > 0;

    static IEnumerable<CommandResult> Ancestors(CommandResult result)
    {
        for (var parent = result.Parent; parent is CommandResult command; parent = command.Parent) yield return command;
    }

    static IEnumerable<string> Names(CommandResult result)
    {
        var own = result.Command.Subcommands.Select(c => c.Name).Concat(result.Command.Options.Where(o => !o.Hidden).Select(o => o.Name));
        var inherited = Ancestors(result).SelectMany(a => a.Command.Options).Where(o => o.Recursive).Select(o => o.Name);
        return own.Concat(inherited).Distinct();
    }
}
