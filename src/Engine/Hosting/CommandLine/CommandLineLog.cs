namespace Engine.Hosting.CommandLine;

/// <summary>Events 620–629.</summary>
static partial class CommandLineLog
{
    [LoggerMessage(620, LogLevel.Critical, "The engine ends: it met a failure that it does not know")]
    public static partial void EndedUnexpectedly(this ILogger log, Exception exception);
}
