namespace Engine.Gateway;

/// <summary>Events 4320–4349.</summary>
static partial class PerformanceApiLog
{
    [LoggerMessage(4320, LogLevel.Warning, "Changes of breakers are not heard any more; the table is looked at every second")]
    public static partial void HealthListenLost(this ILogger log, Exception exception);

    [LoggerMessage(4321, LogLevel.Information, "{Actor} has let {Provider} be called again: {Count} breakers closed")]
    public static partial void ProviderReset(this ILogger log, string actor, string provider, int count);

    [LoggerMessage(4322, LogLevel.Information, "{Actor} has pinned {Count} models of the policy {Policy}")]
    public static partial void RanksPinned(this ILogger log, string actor, string policy, int count);

    [LoggerMessage(4323, LogLevel.Information, "{Actor} has cleared the learned order of the policy {Policy}")]
    public static partial void RanksCleared(this ILogger log, string actor, string policy);
}
