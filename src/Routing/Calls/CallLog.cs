using Microsoft.Extensions.Logging;

namespace Routing.Calls;

static partial class CallLog
{
    [LoggerMessage(7400, LogLevel.Warning, "Attempt {Attempt} (call {SelectionId}) at {Provider}/{Model} failed: {Kind}, status {Status}")]
    public static partial void AttemptFailed(this ILogger log, Guid selectionId, int attempt, string provider, string model, string kind, int? status);

    [LoggerMessage(7401, LogLevel.Error, "The provider {Provider} is out: {Kind}. Nothing is called there until a person has looked; others serve")]
    public static partial void ProviderOut(this ILogger log, string provider, string kind);

    [LoggerMessage(7402, LogLevel.Information, "The caller left the call {SelectionId} at {Provider}/{Model}; it was ended there too")]
    public static partial void CallerLeft(this ILogger log, Guid selectionId, string provider, string model);

    [LoggerMessage(7403, LogLevel.Warning, "The answer of {Provider}/{Model} (call {SelectionId}) broke off after a part of it was given out: {Kind}")]
    public static partial void AnswerCut(this ILogger log, Guid selectionId, string provider, string model, string kind);

    [LoggerMessage(7404, LogLevel.Debug, "Waiting {Wait} for {Provider}/{Model}, as it asked for")]
    public static partial void Waiting(this ILogger log, TimeSpan wait, string provider, string model);

    [LoggerMessage(7405, LogLevel.Error, "What the call {SelectionId} at {Provider} cost could not be reckoned; all that was held is booked")]
    public static partial void CostNotReckoned(this ILogger log, Exception exception, Guid selectionId, string provider);

    [LoggerMessage(7410, LogLevel.Information, "The call {SelectionId} cost ${CostUsd}, says {Provider}; it was booked as an estimate")]
    public static partial void Settled(this ILogger log, Guid selectionId, decimal costUsd, string provider);

    [LoggerMessage(7411, LogLevel.Warning, "{Provider} has not said for a day what the call {SelectionId} cost (generation {GenerationId}); the estimate stands")]
    public static partial void NeverSettled(this ILogger log, Guid selectionId, string provider, string generationId);

    [LoggerMessage(7412, LogLevel.Warning, "What calls cost could not be asked for; tried again in a moment")]
    public static partial void SettlingFailed(this ILogger log, Exception exception);
}
