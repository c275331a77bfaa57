namespace Engine.Gateway;

/// <summary>Events 4350–4399.</summary>
static partial class PoliciesLog
{
    [LoggerMessage(4350, LogLevel.Information, "Version {Version} of the policy {Policy} is in force instead of {Before}, by {Actor}")]
    public static partial void PolicySwitched(this ILogger log, string policy, int version, int? before, string actor);

    [LoggerMessage(4351, LogLevel.Information, "The table of task types has {Count} types now, by {Actor}")]
    public static partial void TaskTypesReplaced(this ILogger log, int count, string actor);
}
