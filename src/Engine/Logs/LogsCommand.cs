using System.CommandLine;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs</c>: what the log crawler sees.</summary>
static class LogsCommand
{
    public static Command Create(CommandFrame frame) => new("logs", "The log crawler: which events are the same error, and why.")
    {
        FingerprintCommand.Create(frame),
        ExplainCommand.Create(frame),
    };
}
