using Microsoft.Extensions.Logging;

namespace Routing.Policies;

/// <summary>Events 7100–7199.</summary>
static partial class PoliciesLog
{
    [LoggerMessage(7100, LogLevel.Error, "Version {Version} of the policy {Policy} is in force and cannot be used, until another is activated: {Problem}")]
    public static partial void Unreadable(this ILogger log, string policy, int version, string problem);
}
