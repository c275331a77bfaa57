namespace Engine.Audit;

/// <summary>Events 300–399.</summary>
static partial class AuditLog
{
    [LoggerMessage(300, LogLevel.Debug, "{Count} audit entries chained, up to position {Position}")]
    public static partial void Chained(this ILogger log, int count, long position);

    [LoggerMessage(301, LogLevel.Warning, "Audit entries could not be chained: {Reason}; trying again")]
    public static partial void NotChained(this ILogger log, string reason);

    [LoggerMessage(302, LogLevel.Error, "Audit entries could not be chained; trying again")]
    public static partial void ChainingFailed(this ILogger log, Exception exception);

    [LoggerMessage(303, LogLevel.Error,
        "The audit chain ends at position {Position} but had reached {Reached}: its end was removed. The gap is kept; run `engine audit verify`")]
    public static partial void TailLost(this ILogger log, long position, long reached);

    [LoggerMessage(304, LogLevel.Error, "The audit log and this node's head file disagree: {Reason}. The file is kept as it is; run `engine audit verify`")]
    public static partial void HeadDisputed(this ILogger log, string reason);

    [LoggerMessage(305, LogLevel.Information, "Audit log verified: {Entries} entries up to position {Position} are intact ({PerSecond:0} per second)")]
    public static partial void Verified(this ILogger log, long entries, long position, double perSecond);

    [LoggerMessage(306, LogLevel.Error, "The audit log is not intact: {ProblemCount} problems among {Entries} entries; the first: {First}")]
    public static partial void NotIntact(this ILogger log, long problemCount, long entries, string first);
}
