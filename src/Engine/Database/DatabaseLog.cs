namespace Engine.Database;

/// <summary>Events 200–299.</summary>
static partial class DatabaseLog
{
    [LoggerMessage(200, LogLevel.Information, "Migration {Number} {Name} applied in {Elapsed}")]
    public static partial void Migrated(this ILogger log, int number, string name, TimeSpan elapsed);

    [LoggerMessage(201, LogLevel.Warning, "The database does not answer yet: {Reason}; trying until {Deadline:O}")]
    public static partial void Waiting(this ILogger log, string reason, DateTimeOffset deadline);

    [LoggerMessage(204, LogLevel.Information, "Another engine is at the migrations; waiting for it")]
    public static partial void WaitingForMigrations(this ILogger log);

    [LoggerMessage(205, LogLevel.Warning, "A migration waits for tables that are in use, and lets others pass: {Reason}; trying until {Deadline:O}")]
    public static partial void MigrationWaits(this ILogger log, string reason, DateTimeOffset deadline);

    [LoggerMessage(202, LogLevel.Information, "The host's clock jumped by {Jump} or the process stood still for {Counted}; measuring the database's clock again")]
    public static partial void ClockGap(this ILogger log, TimeSpan jump, TimeSpan counted);

    [LoggerMessage(203, LogLevel.Warning, "The database's clock could not be measured; counting on since {Age}")]
    public static partial void ClockNotMeasured(this ILogger log, Exception reason, TimeSpan age);
}
