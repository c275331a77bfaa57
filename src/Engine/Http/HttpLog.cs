namespace Engine.Http;

/// <summary>Events 100–199.</summary>
static partial class HttpLog
{
    [LoggerMessage(100, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void Unhandled(this ILogger log, Exception exception, string method, string path);

    [LoggerMessage(101, LogLevel.Warning, "The database does not answer: {Reason}")]
    public static partial void DatabaseAway(this ILogger log, string reason);
}
