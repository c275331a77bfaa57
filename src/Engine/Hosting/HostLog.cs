namespace Engine.Hosting;

/// <summary>Events 610–619.</summary>
static partial class HostLog
{
    [LoggerMessage(610, LogLevel.Information, "Autonomy Engine {Version} listens at {Addresses}; {Database}")]
    public static partial void Ready(this ILogger log, string version, string addresses, string database);

    [LoggerMessage(611, LogLevel.Information, "An admin token lies in {Path}")]
    public static partial void AdminTokenLiesIn(this ILogger log, string path);

    [LoggerMessage(612, LogLevel.Information, "Stopping: requests in flight are finished, what the engine started is stopped")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(613, LogLevel.Error, "A part of the engine did not stop as it should; the rest is stopped")]
    public static partial void StoppedBadly(this ILogger log, Exception exception);

    [LoggerMessage(614, LogLevel.Warning, "Engine:Http:BehindTls is set and Engine:Http:TrustedProxies is empty: all callers share the proxy's address, for rate limits and in the audit log")]
    public static partial void ProxyIsNotTrusted(this ILogger log);
}
