namespace Engine.Schedules;

/// <summary>Events 400–499.</summary>
static partial class SchedulesLog
{
    [LoggerMessage(400, LogLevel.Information, "The scheduler started as {Instance} in {Elapsed}")]
    public static partial void Started(this ILogger log, string instance, TimeSpan elapsed);

    [LoggerMessage(401, LogLevel.Information, "Schedule {Name} is planned as version {Version}: {Cron} in {TimeZone}")]
    public static partial void Planned(this ILogger log, string name, long version, string cron, string timeZone);

    [LoggerMessage(402, LogLevel.Information, "Schedule {Name} is not planned any more")]
    public static partial void Dropped(this ILogger log, string name);

    [LoggerMessage(403, LogLevel.Error, "Schedule {Name} of version {Version} cannot be planned: {Problem}")]
    public static partial void Unplannable(this ILogger log, string name, long version, string problem);

    [LoggerMessage(404, LogLevel.Information, "Schedule {Name} was changed to version {Version} by {Actor}")]
    public static partial void Changed(this ILogger log, string name, long version, string actor);

    [LoggerMessage(405, LogLevel.Information, "Schedule {Name} is to fire now as {FireId}, asked for by {Actor}")]
    public static partial void AskedFor(this ILogger log, string name, Guid fireId, string actor);

    [LoggerMessage(410, LogLevel.Information, "Schedule {Name} of {FireTime:O} succeeded: {Detail}")]
    public static partial void Succeeded(this ILogger log, string name, DateTimeOffset fireTime, string detail);

    [LoggerMessage(411, LogLevel.Error, "Schedule {Name} of {FireTime:O} failed: {Detail}")]
    public static partial void DutyFailed(this ILogger log, string name, DateTimeOffset fireTime, string detail);

    [LoggerMessage(412, LogLevel.Error, "Schedule {Name} of {FireTime:O} broke off")]
    public static partial void Crashed(this ILogger log, Exception exception, string name, DateTimeOffset fireTime);

    [LoggerMessage(413, LogLevel.Information, "Schedule {Name} of {FireTime:O} was given back: {Reason}")]
    public static partial void GivenBack(this ILogger log, string name, DateTimeOffset fireTime, string reason);

    [LoggerMessage(414, LogLevel.Warning, "Schedule {Name} of {FireTime:O}, begun at {StartedAt:O}, lost its process and counts as failed")]
    public static partial void Lost(this ILogger log, string name, DateTimeOffset fireTime, DateTimeOffset startedAt);

    [LoggerMessage(415, LogLevel.Warning, "Schedule {Name} of {FireTime:O} had ended otherwise when it finished: it had been taken for lost")]
    public static partial void LostItsFence(this ILogger log, string name, DateTimeOffset fireTime);

    [LoggerMessage(420, LogLevel.Warning, "The scheduler waits for the database: {Reason}")]
    public static partial void Waiting(this ILogger log, string reason);

    [LoggerMessage(421, LogLevel.Error, "A pass over the schedules failed")]
    public static partial void PassFailed(this ILogger log, Exception exception);

    [LoggerMessage(422, LogLevel.Information, "The scheduler works again")]
    public static partial void WorksAgain(this ILogger log);

    [LoggerMessage(423, LogLevel.Warning, "The scheduler did not stop within {Patience}")]
    public static partial void StopTookTooLong(this ILogger log, TimeSpan patience);

    [LoggerMessage(424, LogLevel.Warning, "The trigger {Group}/{Name} of {FireTime:O} was still held after its time and is free again")]
    public static partial void Freed(this ILogger log, string group, string name, DateTimeOffset fireTime);
}
