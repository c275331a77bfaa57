using Microsoft.Extensions.Logging;

namespace Routing.Budgets;

static partial class BudgetsLog
{
    [LoggerMessage(7200, LogLevel.Warning, "Process {ProcessId} on {Host} is gone; its money goes back, and {Calls} calls that were under way are booked with what they can have cost")]
    public static partial void HolderLost(this ILogger log, string host, int processId, int calls);

    [LoggerMessage(7201, LogLevel.Warning, "The ledger cannot write: {Reason}; calls wait")]
    public static partial void CannotWrite(this ILogger log, string reason, Exception? exception);

    [LoggerMessage(7202, LogLevel.Information, "The ledger writes again")]
    public static partial void WritesAgain(this ILogger log);

    [LoggerMessage(7203, LogLevel.Error, "Call {SelectionId} to {Provider} {Model} cost {CostUsd} US dollars; at most {HoldUsd} were possible by the catalog's price")]
    public static partial void CostOverHold(this ILogger log, Guid selectionId, string provider, string model, decimal costUsd, decimal holdUsd);

    [LoggerMessage(7204, LogLevel.Warning, "Budgets cannot be looked after: {Reason}; trying again")]
    public static partial void CannotKeep(this ILogger log, string reason);
}
