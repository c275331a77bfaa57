using Microsoft.Extensions.Logging;

namespace Routing.Catalog;

/// <summary>Events 7000–7099.</summary>
static partial class CatalogLog
{
    [LoggerMessage(7000, LogLevel.Information,
        "Models of {Provider}: {Models} are listed, {Added} are new, {Gone} gone, {Back} back, {Dearer} dearer, {Cheaper} cheaper, {Changed} otherwise changed; took {Took}")]
    public static partial void Synced(this ILogger log, string provider, int models, int added, int gone, int back, int dearer, int cheaper, int changed, TimeSpan took);

    [LoggerMessage(7001, LogLevel.Warning, "The models of {Provider} could not be synced, the old catalog stays: {Reason}")]
    public static partial void SyncFailed(this ILogger log, string provider, string reason);

    [LoggerMessage(7002, LogLevel.Warning, "{LeftOut} models of {Provider} were left out, the first at position {Position}: {Reason}")]
    public static partial void LeftOut(this ILogger log, string provider, int leftOut, int position, string reason);

    [LoggerMessage(7003, LogLevel.Warning, "Changes of routing cannot be followed, what was read last stays in force; trying again")]
    public static partial void FollowFailed(this ILogger log, Exception reason);

    [LoggerMessage(7004, LogLevel.Information, "Changes of routing are followed again")]
    public static partial void FollowsAgain(this ILogger log);
}
