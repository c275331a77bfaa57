using System.Net;

namespace Engine.Hosting.CommandLine;

/// <summary>Ends a command with an exit code and a sentence on standard error; no stack trace.</summary>
/// <param name="remedy">What to do about it, or null when the sentence says it all.</param>
public sealed class CommandException(ExitCode code, string message, string? remedy = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ExitCode Code { get; } = code;

    public string? Remedy { get; } = remedy;

    /// <summary>The status of the engine's answer, null when there was none.</summary>
    public HttpStatusCode? Status { get; init; }
}
