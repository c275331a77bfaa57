namespace Engine.Hosting.Telemetry;

static partial class TelemetryLog
{
    [LoggerMessage(600, LogLevel.Warning, "{Instrument}")]
    public static partial void LeftOut(this ILogger<MetricsPage> log, string instrument);

    [LoggerMessage(601, LogLevel.Warning, "The collector at {Endpoint} takes no telemetry: {Reason}; the engine works on and keeps trying, and says so at most once in {Interval}")]
    public static partial void CollectorUnreachable(this ILogger<EngineTelemetry> log, Uri endpoint, string reason, TimeSpan interval);

    [LoggerMessage(602, LogLevel.Information, "The collector at {Endpoint} takes telemetry again")]
    public static partial void CollectorBack(this ILogger<EngineTelemetry> log, Uri endpoint);

    [LoggerMessage(603, LogLevel.Information, "Traces and metrics go to {Endpoint} ({Protocol}) as {ServiceName}")]
    public static partial void Exporting(this ILogger<EngineTelemetry> log, Uri endpoint, OtlpProtocol protocol, string serviceName);
}
