namespace Engine.Logs;

/// <summary>Events 5000–5099.</summary>
static partial class LogsLog
{
    [LoggerMessage(5000, LogLevel.Information, "Reading logs from {Source} ({Kind})")]
    public static partial void CrawlBegan(this ILogger log, string source, string kind);

    [LoggerMessage(5001, LogLevel.Warning, "Reading logs from {Source} broke off and begins anew where it was stored last")]
    public static partial void CrawlFailed(this ILogger log, Exception e, string source);

    [LoggerMessage(5002, LogLevel.Warning, "The log source {Source} was taken by another process; this one stops reading it")]
    public static partial void CrawlLost(this ILogger log, string source);

    [LoggerMessage(5003, LogLevel.Warning, "The log source {Source} cannot be read: {Problem}")]
    public static partial void SourceUnusable(this ILogger log, string source, string problem);

    [LoggerMessage(5004, LogLevel.Information, "Filed {Kind} of the error {Fingerprint} as task {TaskId}: {Title}")]
    public static partial void FindingFiled(this ILogger log, string kind, string fingerprint, Guid taskId, string title);

    [LoggerMessage(5005, LogLevel.Warning, "Findings about logs cannot be filed as tasks now")]
    public static partial void FilingFailed(this ILogger log, Exception e);

    [LoggerMessage(5006, LogLevel.Error, "The finding {FindingId} is refused as a task: {Reason}")]
    public static partial void FindingRefused(this ILogger log, Guid findingId, string reason);

    [LoggerMessage(5007, LogLevel.Warning, "The list of log sources cannot be read now")]
    public static partial void SourcesUnreadable(this ILogger log, Exception e);
}
