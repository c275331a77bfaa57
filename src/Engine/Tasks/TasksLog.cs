namespace Engine.Tasks;

/// <summary>Events 1100–1149; workers have 1150–1199.</summary>
static partial class TasksLog
{
    [LoggerMessage(1100, LogLevel.Warning, "A hint to workers was lost; they look by themselves every second")]
    public static partial void HintLost(this ILogger log, Exception reason);
}
