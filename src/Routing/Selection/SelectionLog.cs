using Microsoft.Extensions.Logging;

namespace Routing.Selection;

/// <summary>Events 7600–7699.</summary>
static partial class SelectionLog
{
    [LoggerMessage(7600, LogLevel.Information, "Decisions are made by {Policies} policies over {Models} models")]
    public static partial void Fresh(this ILogger log, int policies, int models);

    [LoggerMessage(7601, LogLevel.Warning, "Decisions go by {Part} as last read: {Reason}")]
    public static partial void Stale(this ILogger log, string part, string reason);

    [LoggerMessage(7602, LogLevel.Information, "Decisions go by fresh {Part} again")]
    public static partial void FreshAgain(this ILogger log, string part);
}
