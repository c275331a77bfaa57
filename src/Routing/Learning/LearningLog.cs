using Microsoft.Extensions.Logging;

namespace Routing.Learning;

/// <summary>Events 7700–7799.</summary>
static partial class LearningLog
{
    [LoggerMessage(7700, LogLevel.Information, "Policy {Policy}: {Provider} {Model} is at {Position} now, {Reason}")]
    public static partial void Moved(this ILogger log, string policy, string provider, string model, int position, string reason);
}
