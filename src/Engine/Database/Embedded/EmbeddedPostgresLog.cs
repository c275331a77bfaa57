namespace Engine.Database.Embedded;

static partial class EmbeddedPostgresLog
{
    [LoggerMessage(250, LogLevel.Information, "Making a PostgreSQL {Version} cluster in {Folder}")]
    public static partial void ClusterIsMade(this ILogger log, string folder, Version version);

    [LoggerMessage(251, LogLevel.Information, "PostgreSQL {Version} started on 127.0.0.1:{Port} in {ElapsedMs} ms")]
    public static partial void ServerStarted(this ILogger log, int port, Version version, long elapsedMs);

    [LoggerMessage(252, LogLevel.Information, "PostgreSQL runs already as process {ProcessId} on 127.0.0.1:{Port}; using it")]
    public static partial void ServerAdopted(this ILogger log, int processId, int port);

    [LoggerMessage(253, LogLevel.Information, "PostgreSQL stopped in {ElapsedMs} ms")]
    public static partial void ServerStopped(this ILogger log, long elapsedMs);

    [LoggerMessage(254, LogLevel.Information, "PostgreSQL in {Folder} keeps running: another engine uses it")]
    public static partial void ServerLeftToOthers(this ILogger log, string folder);

    [LoggerMessage(255, LogLevel.Warning, "PostgreSQL (process {ProcessId}) has not stopped after {Timeout}; left to finish by itself")]
    public static partial void StopTakesLong(this ILogger log, int processId, TimeSpan timeout);

    [LoggerMessage(256, LogLevel.Warning, "postmaster.pid in {Folder} names process {ProcessId}, which is not PostgreSQL; moved it aside")]
    public static partial void StalePidCleared(this ILogger log, int processId, string folder);

    [LoggerMessage(257, LogLevel.Warning, "PostgreSQL in {Folder} had died; it runs again")]
    public static partial void ServerBroughtBack(this ILogger log, string folder);

    [LoggerMessage(258, LogLevel.Error, "PostgreSQL has died and does not start; trying again in {Delay}")]
    public static partial void BringingBackFailed(this ILogger log, Exception exception, TimeSpan delay);

    [LoggerMessage(259, LogLevel.Warning, "The lock {File} was not free within {Patience}; PostgreSQL in {Folder} is left running")]
    public static partial void StopLockNotFree(this ILogger log, string file, TimeSpan patience, string folder);
}
