using System.CommandLine;

namespace Engine.Hosting.CommandLine;

/// <summary>Limits an option or argument to a few words, completes them in shells, and guesses at what was meant.</summary>
static class Choices
{
    public static Option<string> OneOf(this Option<string> option, params string[] names)
    {
        option.CompletionSources.Add(_ => names.Select(n => new System.CommandLine.Completions.CompletionItem(n)));
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Problem(option.Name, token.Value, names) is { } problem) result.AddError(problem);
        });
        return option;
    }

    public static Argument<string> OneOf(this Argument<string> argument, params string[] names)
    {
        argument.CompletionSources.Add(_ => names.Select(n => new System.CommandLine.Completions.CompletionItem(n)));
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Problem(argument.Name, token.Value, names) is { } problem) result.AddError(problem);
        });
        return argument;
    }

    static string? Problem(string name, string value, string[] names)
    {
        if (names.Contains(value)) return null;
        var meant = Misuse.Nearest(value, names) is { } near ? $" Did you mean {near}?" : "";
        return $"{name} must be one of {string.Join(", ", names)}, is \"{value}\".{meant}";
    }
}
