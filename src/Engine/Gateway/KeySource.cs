using System.CommandLine;
using Engine.Hosting.CommandLine;

namespace Engine.Gateway;

/// <summary>Where a command gets a provider's key from: never from its arguments, which others see in the list of processes and shells keep.</summary>
sealed class KeySource
{
    const int MostCharacters = 4096;

    public Option<string?> File { get; } = new("--key-file") { Description = "A file that holds the provider's key; - for standard input.", HelpName = "FILE" };

    public Option<string?> Variable { get; } = new("--key-env") { Description = "The environment variable that holds the provider's key.", HelpName = "NAME" };

    /// <param name="isNeeded">Without both options it is read from standard input.</param>
    /// <returns>Null when none was given and none is needed.</returns>
    public string? Read(CommandFrame frame, ParseResult parse, bool isNeeded)
    {
        var (file, variable) = (parse.GetValue(File), parse.GetValue(Variable));
        if (file is not null && variable is not null) throw new CommandException(ExitCode.Misuse, "--key-file and --key-env exclude each other.");
        if (variable is not null)
            return frame.Environment[variable] as string is { Length: > 0 } value ? value.Trim()
                : throw new CommandException(ExitCode.Misuse, $"The environment variable {variable} is not set.", "set it, or name another with --key-env.");
        if (file is null && !isNeeded) return null;
        var text = file is null or "-" ? ReadInput(frame) : ReadFile(file);
        return text.Trim() is { Length: > 0 } key ? key : throw new CommandException(ExitCode.Misuse, "There is no key in what was given.", $"give it with {File.Name}, {Variable.Name} or on standard input.");
    }

    static string ReadInput(CommandFrame frame)
    {
        if (frame.Input != Console.In || Console.IsInputRedirected) return frame.Input.ReadLine() ?? "";
        frame.Terminal.Note("The key, on one line; it is not shown:");
        var typed = new System.Text.StringBuilder();
        for (ConsoleKeyInfo key; (key = Console.ReadKey(intercept: true)).Key != ConsoleKey.Enter;)
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (typed.Length < MostCharacters) typed.Append(key.KeyChar);
        return typed.ToString();
    }

    static string ReadFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var text = new char[MostCharacters];
            return new string(text, 0, reader.ReadBlock(text, 0, text.Length));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandException(ExitCode.Misuse, $"The key file cannot be read: {e.Message}", "name a file that this user can read.", e);
        }
    }
}
