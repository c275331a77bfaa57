using Microsoft.Extensions.Logging;

namespace Routing.Providers.Wire;

static partial class WireLog
{
    [LoggerMessage(7350, LogLevel.Warning, "{Provider} told {Times} times what the call {SelectionId} used; the last complete one counts")]
    public static partial void UsageTwice(this ILogger log, Guid selectionId, string provider, int times);

    [LoggerMessage(7351, LogLevel.Warning, "{Provider} did not say what the call {SelectionId} cost (generation {GenerationId}); it is booked as an estimate and asked for later")]
    public static partial void CostMissing(this ILogger log, Guid selectionId, string provider, string generationId);
}
