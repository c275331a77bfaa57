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
}
