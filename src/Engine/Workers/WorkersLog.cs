namespace Engine.Workers;

/// <summary>Events 1200–1299.</summary>
static partial class WorkersLog
{
    [LoggerMessage(1200, LogLevel.Information, "Worker {WorkerId} takes tasks, {Slots} at a time")]
    public static partial void Started(this ILogger log, long workerId, int slots);

    [LoggerMessage(1201, LogLevel.Information, "Worker {WorkerId} has stopped; {Returned} tasks were given back")]
    public static partial void Stopped(this ILogger log, long workerId, int returned);

    [LoggerMessage(1202, LogLevel.Warning, "Worker {WorkerId} had no answer to its heartbeats for {Silence}: it stops what it does before others take over")]
    public static partial void LeaseRanOut(this ILogger log, long workerId, TimeSpan silence);

    [LoggerMessage(1203, LogLevel.Warning, "Worker {WorkerId} was given up by others: it stops what it does and begins anew")]
    public static partial void GivenUp(this ILogger log, long workerId);

    [LoggerMessage(1204, LogLevel.Warning, "A heartbeat of worker {WorkerId} failed; trying again")]
    public static partial void BeatFailed(this ILogger log, Exception reason, long workerId);

    [LoggerMessage(1205, LogLevel.Information, "Worker {WorkerId} beats again")]
    public static partial void BeatsAgain(this ILogger log, long workerId);

    [LoggerMessage(1206, LogLevel.Warning, "Worker {WorkerId} cannot claim or complete: {Reason}; trying again")]
    public static partial void ExchangeFailed(this ILogger log, long workerId, string reason, Exception? exception);

    [LoggerMessage(1207, LogLevel.Information, "Worker {WorkerId} works again; {Adopted} claims whose answer had been lost were found")]
    public static partial void WorksAgain(this ILogger log, long workerId, int adopted);

    [LoggerMessage(1208, LogLevel.Warning, "Task {TaskId} was refused its end of epoch {Epoch}: another attempt or decision had replaced it")]
    public static partial void EndRefused(this ILogger log, Guid taskId, long epoch);

    [LoggerMessage(1209, LogLevel.Warning, "Task {TaskId} of kind {Kind} failed ({Fault}) in attempt {Epoch}: {Reason}")]
    public static partial void AttemptFailed(this ILogger log, Guid taskId, string kind, string fault, long epoch, string reason, Exception? exception);

    [LoggerMessage(1210, LogLevel.Error, "Task {TaskId} of kind {Kind} ran past its limit of {Limit} and does not stop; its slot is lost until it does")]
    public static partial void DoesNotStop(this ILogger log, Guid taskId, string kind, TimeSpan limit);

    [LoggerMessage(1211, LogLevel.Warning, "Worker {WorkerId} on {Host} (process {ProcessId}) is gone; its {Tasks} tasks go to others")]
    public static partial void WorkerLost(this ILogger log, long workerId, string host, int processId, int tasks);

    [LoggerMessage(1212, LogLevel.Error, "Task {TaskId} is given up: {Reason}")]
    public static partial void Quarantined(this ILogger log, Guid taskId, string reason);

    [LoggerMessage(1213, LogLevel.Warning, "The session that listens for tasks broke off; looking every second meanwhile")]
    public static partial void ListenLost(this ILogger log, Exception reason);

    [LoggerMessage(1214, LogLevel.Warning, "Looking after tasks failed; trying again")]
    public static partial void KeepFailed(this ILogger log, Exception reason);

    [LoggerMessage(1215, LogLevel.Warning, "Kind {Kind} stands still for all workers: {Reason}; a probe follows at {RetryAt:O}")]
    public static partial void BreakerOpened(this ILogger log, string kind, string reason, DateTimeOffset retryAt);

    [LoggerMessage(1216, LogLevel.Information, "Kind {Kind} works again")]
    public static partial void BreakerClosed(this ILogger log, string kind);

    [LoggerMessage(1217, LogLevel.Warning, "The worker could not be entered; trying again")]
    public static partial void RegisterFailed(this ILogger log, Exception reason);

    [LoggerMessage(1218, LogLevel.Error, "This engine is too old for the tasks of this database and takes none: it speaks protocol {Protocol}, {Least} is needed; upgrade it")]
    public static partial void TooOld(this ILogger log, int protocol, int least);

    [LoggerMessage(1219, LogLevel.Debug, "Vacuumed {Table} in {Elapsed}")]
    public static partial void Vacuumed(this ILogger log, string table, TimeSpan elapsed);

    [LoggerMessage(1220, LogLevel.Warning, "The hot tables of tasks could not be vacuumed; autovacuum goes on")]
    public static partial void VacuumFailed(this ILogger log, Exception reason);

    [LoggerMessage(1290, LogLevel.Information, "The engines were {Before} and are {Mode} now, by {Actor}")]
    public static partial void ModeChanged(this ILogger log, string before, string mode, string actor);

    [LoggerMessage(1291, LogLevel.Information, "Worker {WorkerId} takes nothing new, by {Actor}")]
    public static partial void Draining(this ILogger log, long workerId, string actor);

    [LoggerMessage(1292, LogLevel.Information, "Worker {WorkerId} takes tasks again, by {Actor}")]
    public static partial void Resumed(this ILogger log, long workerId, string actor);
}
