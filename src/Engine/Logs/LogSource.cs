using System.CommandLine;
using Crawlers.Logs.Events;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary>A file or standard input that a command reads log lines from.</summary>
static class LogSource
{
    static readonly string[] Formats = [.. Enum.GetNames<LogFormat>().Select(n => n.ToLowerInvariant())];

    /// <summary>Of events, the least that counts; unknown is all.</summary>
    public static string[] Levels { get; } = [.. Enum.GetNames<Crawlers.Logs.Events.LogLevel>().Select(n => n.ToLowerInvariant())];

    public static Option<string> Format() => new Option<string>("--format")
    {
        Description = $"What lies around the lines: {string.Join(", ", Formats)}.", HelpName = "FORMAT", DefaultValueFactory = _ => "auto",
    }.OneOf(Formats);

    public static LogFormat Of(string format) => Enum.Parse<LogFormat>(format, ignoreCase: true);

    /// <param name="path">- is standard input.</param>
    public static Stream Open(string path)
    {
        try
        {
            return path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Misuse, $"{path} cannot be read: {e.Message}", null, e);
        }
    }
}
