using System.CommandLine;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs</c>: what the log crawler sees.</summary>
static class LogsCommand
{
    public static Command Create(CommandFrame frame) => new("logs", "The log crawler: where it reads, which errors it sees, what is decided about them.")
    {
        SourcesCommand.Create(frame),
        CrawlCommand.Create(frame),
        ErrorsCommand.List(frame),
        ErrorsCommand.Show(frame),
        ErrorsCommand.Mute(frame),
        ErrorsCommand.Resolve(frame),
        ErrorsCommand.Merge(frame),
        ErrorsCommand.Split(frame),
        RulesCommand.Create(frame),
        RepositoriesCommand.Create(frame),
        FingerprintCommand.Create(frame),
        ExplainCommand.Create(frame),
    };
}
