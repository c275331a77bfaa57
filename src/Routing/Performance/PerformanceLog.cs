using Microsoft.Extensions.Logging;

namespace Routing.Performance;

/// <summary>Events 7500–7599.</summary>
static partial class PerformanceLog
{
    [LoggerMessage(7500, LogLevel.Warning, "What was seen of models could not be written and is kept; trying again each second")]
    public static partial void NotFlushed(this ILogger log, Exception exception);

    [LoggerMessage(7501, LogLevel.Information, "What was seen of models is written again; nothing was lost")]
    public static partial void FlushedAgain(this ILogger log);

    [LoggerMessage(7510, LogLevel.Warning, "{Provider}, {Model}: stands still, {Reason}; tried again at {RetryAt:O}")]
    public static partial void Opened(this ILogger log, string provider, string model, string reason, DateTimeOffset retryAt);

    [LoggerMessage(7511, LogLevel.Error, "{Provider} is out: it answers {Reason}. Look at its key and its credits; it is tried again at {RetryAt:O}, or at once after `POST /api/routing/health/{Provider}/reset`")]
    public static partial void ProviderOut(this ILogger log, string provider, string reason, DateTimeOffset retryAt);

    [LoggerMessage(7512, LogLevel.Warning, "{Provider}, {Model}: still stands, {Reason}")]
    public static partial void ProbeFailed(this ILogger log, string provider, string model, string reason);

    [LoggerMessage(7513, LogLevel.Information, "{Provider}, {Model}: works again")]
    public static partial void Closed(this ILogger log, string provider, string model);

    [LoggerMessage(7514, LogLevel.Warning, "The breakers of models could not be read or written; trying again each second. What this process has seen itself holds")]
    public static partial void HealthNotKept(this ILogger log, Exception exception);

    [LoggerMessage(7520, LogLevel.Warning,
        "{Provider} says that {BilledUsd} USD were spent from {From:O} to {To:O}, the ledger says {LedgerUsd}: a drift of {DriftUsd}")]
    public static partial void Drifted(this ILogger log, string provider, decimal billedUsd, DateTimeOffset from, DateTimeOffset to, decimal ledgerUsd, decimal driftUsd);
}
