namespace Engine.Tasks;

/// <summary>Events 1100–1199.</summary>
static partial class TasksLog
{
    [LoggerMessage(1100, LogLevel.Warning, "A hint to workers was lost; they look by themselves every second")]
    public static partial void HintLost(this ILogger log, Exception reason);

    [LoggerMessage(1110, LogLevel.Information, "Task {TaskId} was cancelled by {Actor}")]
    public static partial void Cancelled(this ILogger log, Guid taskId, string actor);

    [LoggerMessage(1111, LogLevel.Information, "Task {TaskId} was made to run now by {Actor}")]
    public static partial void Retried(this ILogger log, Guid taskId, string actor);

    [LoggerMessage(1112, LogLevel.Information, "Task {TaskId} was brought back by {Actor}")]
    public static partial void Redriven(this ILogger log, Guid taskId, string actor);

    [LoggerMessage(1113, LogLevel.Information, "Task {TaskId} was taken from its worker by {Actor}")]
    public static partial void Reassigned(this ILogger log, Guid taskId, string actor);

    [LoggerMessage(1114, LogLevel.Information, "{Decision} at gate {Gate} of task {TaskId} by {Actor}")]
    public static partial void Decided(this ILogger log, string decision, string gate, Guid taskId, string actor);

    [LoggerMessage(1120, LogLevel.Warning, "{Count} tasks were given up because their deadline passed")]
    public static partial void DeadlinesPassed(this ILogger log, int count);

    [LoggerMessage(1121, LogLevel.Warning, "The failure of task {TaskId} is not being investigated: {Reason}")]
    public static partial void NotInvestigated(this ILogger log, Guid taskId, string reason);

    [LoggerMessage(1122, LogLevel.Warning, "The tables of the next days could not be made; tried again")]
    public static partial void PartitionsMissing(this ILogger log, Exception reason);

    [LoggerMessage(1130, LogLevel.Warning, "Looking for the ends of tasks that are waited for failed; trying again")]
    public static partial void LookFailed(this ILogger log, Exception reason);

    [LoggerMessage(1131, LogLevel.Warning, "Reading the events of tasks for those who follow them failed; trying again, none is lost")]
    public static partial void FollowFailed(this ILogger log, Exception reason);

    [LoggerMessage(1132, LogLevel.Warning, "More happens to tasks than can be sent: those who follow all of them were told to catch up")]
    public static partial void TooMuchToFollow(this ILogger log);

    [LoggerMessage(1133, LogLevel.Warning, "{HeldBy} has kept a transaction open for {Age}: the database cannot clear up behind finished tasks and slows down; end it")]
    public static partial void SnapshotHeld(this ILogger log, string heldBy, TimeSpan age);

    [LoggerMessage(1134, LogLevel.Information, "No old transaction keeps the database from clearing up any more")]
    public static partial void SnapshotGone(this ILogger log);

    [LoggerMessage(1135, LogLevel.Warning, "Counting the tasks failed; trying again")]
    public static partial void CountFailed(this ILogger log, Exception reason);
}
