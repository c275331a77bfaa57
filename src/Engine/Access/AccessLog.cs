namespace Engine.Access;

/// <summary>Events 500–599.</summary>
static partial class AccessLog
{
    [LoggerMessage(500, LogLevel.Warning, "The last use of tokens could not be written; trying again later")]
    public static partial void UseNotWritten(this ILogger log, Exception reason);
}
